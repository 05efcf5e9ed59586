CREATE TABLE "signup_copies" (
	"event_id" text NOT NULL,
	"copied_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "signup_copies_event_id_copied_at_pk" PRIMARY KEY("event_id","copied_at")
);
--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "delisted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync_logs" ADD COLUMN "because" text;--> statement-breakpoint
ALTER TABLE "signup_copies" ADD CONSTRAINT "signup_copies_event_id_events_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("event_id") ON DELETE cascade ON UPDATE no action;