CREATE TABLE "results" (
	"event_id" text NOT NULL,
	"rider_id" integer NOT NULL,
	"name" text NOT NULL,
	"pen" text,
	"position" integer,
	"position_in_pen" integer,
	"seconds" double precision,
	"gap_seconds" double precision,
	"rating" double precision,
	"rating_before" double precision,
	"rating_delta" double precision,
	"raw" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"removed_at" timestamp (3) with time zone,
	CONSTRAINT "results_event_id_rider_id_pk" PRIMARY KEY("event_id","rider_id")
);
--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "results_state" text;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "results_reason" text;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "results_tried_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "results_tries" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "results_fetched_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "results" ADD CONSTRAINT "results_event_id_events_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("event_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "results_rider" ON "results" USING btree ("rider_id");