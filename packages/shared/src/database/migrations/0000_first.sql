CREATE TABLE "events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"type" text,
	"sub_type" text,
	"route_id" text,
	"distance" double precision,
	"listed_signups" integer DEFAULT 0 NOT NULL,
	"raw" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"fetched_at" timestamp (3) with time zone NOT NULL,
	"signups_fetched_at" timestamp (3) with time zone,
	"signups_listed_then" integer
);
--> statement-breakpoint
CREATE TABLE "signups" (
	"event_id" text NOT NULL,
	"rider_id" integer NOT NULL,
	"name" text NOT NULL,
	"pen" text NOT NULL,
	"rating" double precision,
	"raw" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"withdrawn_at" timestamp (3) with time zone,
	CONSTRAINT "signups_event_id_rider_id_pk" PRIMARY KEY("event_id","rider_id")
);
--> statement-breakpoint
CREATE TABLE "club_memberships" (
	"club_id" integer NOT NULL,
	"rider_id" integer NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"current" boolean DEFAULT true NOT NULL,
	CONSTRAINT "club_memberships_club_id_rider_id_pk" PRIMARY KEY("club_id","rider_id")
);
--> statement-breakpoint
CREATE TABLE "clubs" (
	"club_id" integer PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"fetched_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rider_history" (
	"rider_id" integer NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"rating" double precision,
	"weight_kg" double precision,
	"zp_ftp" double precision,
	"raw" jsonb NOT NULL,
	CONSTRAINT "rider_history_rider_id_recorded_at_pk" PRIMARY KEY("rider_id","recorded_at")
);
--> statement-breakpoint
CREATE TABLE "riders" (
	"rider_id" integer PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"gender" text,
	"country" text,
	"age" text,
	"height_cm" double precision,
	"weight_kg" double precision,
	"zp_category" text,
	"zp_ftp" double precision,
	"rating" double precision,
	"rating_max30" double precision,
	"rating_max90" double precision,
	"phenotype" text,
	"club_id" integer,
	"club_name" text,
	"raw" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"fetched_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"command_id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"rider_id" integer NOT NULL,
	"progress" jsonb NOT NULL,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"published_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sync_logs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" text,
	"command_id" text,
	"endpoint" text NOT NULL,
	"target" text NOT NULL,
	"status" integer,
	"message" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"duration_ms" integer NOT NULL,
	"raw_start" text
);
--> statement-breakpoint
CREATE TABLE "sync_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"slot_id" text NOT NULL,
	"scheduled_for" timestamp (3) with time zone NOT NULL,
	"slot_ends_at" timestamp (3) with time zone NOT NULL,
	"state" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"counts" jsonb NOT NULL,
	"checkpoint" jsonb,
	"error" text
);
--> statement-breakpoint
ALTER TABLE "signups" ADD CONSTRAINT "signups_event_id_events_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("event_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rider_history" ADD CONSTRAINT "rider_history_rider_id_riders_rider_id_fk" FOREIGN KEY ("rider_id") REFERENCES "public"."riders"("rider_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "events_starts_at" ON "events" USING btree ("starts_at");--> statement-breakpoint
CREATE INDEX "signups_rider" ON "signups" USING btree ("rider_id");--> statement-breakpoint
CREATE INDEX "club_memberships_rider" ON "club_memberships" USING btree ("rider_id");--> statement-breakpoint
CREATE INDEX "commands_requested" ON "commands" USING btree ("requested_at");--> statement-breakpoint
CREATE INDEX "commands_unpublished" ON "commands" USING btree ("requested_at") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "sync_logs_run" ON "sync_logs" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "sync_logs_started" ON "sync_logs" USING btree ("started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sync_runs_slot" ON "sync_runs" USING btree ("slot_id");--> statement-breakpoint
CREATE INDEX "sync_runs_started" ON "sync_runs" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "sync_runs_kind" ON "sync_runs" USING btree ("kind","started_at");