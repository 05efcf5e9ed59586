DROP INDEX "commands_unpublished";--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "stream_sequence" bigint;--> statement-breakpoint
CREATE INDEX "commands_open" ON "commands" USING btree ("command_id") WHERE finished_at is null;