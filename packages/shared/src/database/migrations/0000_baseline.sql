CREATE TABLE "alerts" (
	"id" text PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"type" text NOT NULL,
	"severity" text NOT NULL,
	"title" text NOT NULL,
	"why" text NOT NULL,
	"todo" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"raised_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	"raised_notified_at" timestamp (3) with time zone,
	"resolved_notified_at" timestamp (3) with time zone,
	"notifying_until" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "conflicts" (
	"at" timestamp (3) with time zone NOT NULL,
	"sequence" bigint NOT NULL,
	"account" text NOT NULL,
	"budget" text NOT NULL,
	"blocked" text NOT NULL,
	"blocked_by" text NOT NULL,
	"expected_wait_ms" bigint NOT NULL,
	CONSTRAINT "conflicts_at_sequence_pk" PRIMARY KEY("at","sequence")
);
--> statement-breakpoint
CREATE TABLE "doubts" (
	"subject" text PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"known" integer NOT NULL,
	"present" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"request" text NOT NULL,
	"once_id" text NOT NULL,
	"taken_at" timestamp (3) with time zone NOT NULL,
	"answer" jsonb,
	CONSTRAINT "idempotency_keys_caller_key_pk" PRIMARY KEY("caller","key")
);
--> statement-breakpoint
CREATE TABLE "permits" (
	"permit" text PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"budget" text NOT NULL,
	"lane" text,
	"started_at" timestamp (3) with time zone,
	"received_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"result" text,
	"status" integer
);
--> statement-breakpoint
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
	"delisted_at" timestamp (3) with time zone,
	"signups_fetched_at" timestamp (3) with time zone,
	"signups_listed_then" integer,
	"results_state" text,
	"results_reason" text,
	"results_tried_at" timestamp (3) with time zone,
	"results_tries" integer DEFAULT 0 NOT NULL,
	"results_fetched_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "results" (
	"event_id" text NOT NULL,
	"rider_id" integer NOT NULL,
	"name" text NOT NULL,
	"pen" text,
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
CREATE TABLE "signup_copies" (
	"event_id" text NOT NULL,
	"copied_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "signup_copies_event_id_copied_at_pk" PRIMARY KEY("event_id","copied_at")
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
	"fetched_at" timestamp (3) with time zone NOT NULL,
	"taken_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "wanted_riders" (
	"command_id" text NOT NULL,
	"rider_id" integer NOT NULL,
	"why" text NOT NULL,
	"fresh_from" timestamp (3) with time zone NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"lost" integer DEFAULT 0 NOT NULL,
	"outcome" text,
	"reason" text,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "wanted_riders_command_id_rider_id_pk" PRIMARY KEY("command_id","rider_id")
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"command_id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"rider_id" integer,
	"progress" jsonb NOT NULL,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"published_at" timestamp (3) with time zone,
	"stream_sequence" bigint,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"traceparent" text
);
--> statement-breakpoint
CREATE TABLE "sources" (
	"source" text PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"address" text NOT NULL,
	"state" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"refusals" integer NOT NULL,
	"status" integer,
	"message" text,
	"raw_start" text,
	"advice" text,
	"probe_at" timestamp (3) with time zone,
	"probes" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sync_logs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" text,
	"command_id" text,
	"endpoint" text NOT NULL,
	"target" text NOT NULL,
	"because" text,
	"status" integer,
	"message" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"duration_ms" integer NOT NULL,
	"raw_start" text,
	"unreadable" jsonb
);
--> statement-breakpoint
CREATE TABLE "sync_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"slot_id" text NOT NULL,
	"mode" text DEFAULT 'on' NOT NULL,
	"scheduled_for" timestamp (3) with time zone NOT NULL,
	"slot_ends_at" timestamp (3) with time zone NOT NULL,
	"state" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"counts" jsonb NOT NULL,
	"checkpoint" jsonb,
	"error" text,
	"traceparent" text
);
--> statement-breakpoint
ALTER TABLE "results" ADD CONSTRAINT "results_event_id_events_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("event_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signup_copies" ADD CONSTRAINT "signup_copies_event_id_events_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("event_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signups" ADD CONSTRAINT "signups_event_id_events_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("event_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rider_history" ADD CONSTRAINT "rider_history_rider_id_riders_rider_id_fk" FOREIGN KEY ("rider_id") REFERENCES "public"."riders"("rider_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "alerts_open" ON "alerts" USING btree ("key") WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "alerts_raised" ON "alerts" USING btree ("raised_at");--> statement-breakpoint
CREATE INDEX "doubts_last" ON "doubts" USING btree ("last_at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_taken" ON "idempotency_keys" USING btree ("taken_at");--> statement-breakpoint
CREATE INDEX "permits_started" ON "permits" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "permits_received" ON "permits" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "events_starts_at" ON "events" USING btree ("starts_at");--> statement-breakpoint
CREATE INDEX "results_rider" ON "results" USING btree ("rider_id");--> statement-breakpoint
CREATE INDEX "signup_copies_copied" ON "signup_copies" USING btree ("copied_at");--> statement-breakpoint
CREATE INDEX "signups_rider" ON "signups" USING btree ("rider_id");--> statement-breakpoint
CREATE INDEX "club_memberships_rider" ON "club_memberships" USING btree ("rider_id");--> statement-breakpoint
CREATE INDEX "rider_history_recorded" ON "rider_history" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "wanted_riders_waiting" ON "wanted_riders" USING btree ("why","since","rider_id") WHERE outcome is null;--> statement-breakpoint
CREATE INDEX "wanted_riders_rider" ON "wanted_riders" USING btree ("rider_id") WHERE outcome is null;--> statement-breakpoint
CREATE INDEX "commands_requested" ON "commands" USING btree ("requested_at");--> statement-breakpoint
CREATE INDEX "commands_finished" ON "commands" USING btree ("finished_at");--> statement-breakpoint
CREATE INDEX "commands_open" ON "commands" USING btree ("command_id") WHERE finished_at is null;--> statement-breakpoint
CREATE INDEX "sync_logs_run" ON "sync_logs" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "sync_logs_started" ON "sync_logs" USING btree ("started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sync_runs_slot" ON "sync_runs" USING btree ("slot_id");--> statement-breakpoint
CREATE INDEX "sync_runs_started" ON "sync_runs" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "sync_runs_kind" ON "sync_runs" USING btree ("kind","started_at");