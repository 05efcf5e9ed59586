ALTER TABLE "commands" ADD COLUMN "traceparent" text;--> statement-breakpoint
ALTER TABLE "sync_runs" ADD COLUMN "traceparent" text;