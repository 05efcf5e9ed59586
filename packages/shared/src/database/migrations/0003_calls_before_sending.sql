CREATE TABLE "limiter_terms" (
	"partition" integer PRIMARY KEY NOT NULL,
	"term" bigint NOT NULL,
	"reached" bigint DEFAULT 0 NOT NULL,
	"clock_offset" bigint
);
--> statement-breakpoint
ALTER TABLE "sync_logs" ALTER COLUMN "duration_ms" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "sync_logs" ADD COLUMN "permit" text;--> statement-breakpoint
ALTER TABLE "sync_logs" ADD COLUMN "partition" integer;--> statement-breakpoint
ALTER TABLE "sync_logs" ADD COLUMN "account" text;--> statement-breakpoint
ALTER TABLE "sync_logs" ADD COLUMN "lane" text;--> statement-breakpoint
ALTER TABLE "sync_logs" ADD COLUMN "recorded_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sync_logs" ALTER COLUMN "recorded_at" SET DEFAULT clock_timestamp();--> statement-breakpoint
ALTER TABLE "sync_logs" ADD COLUMN "ended_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "sync_logs_permit" ON "sync_logs" USING btree ("permit");--> statement-breakpoint
CREATE INDEX "sync_logs_recorded" ON "sync_logs" USING btree ("partition","recorded_at") WHERE permit is not null;