CREATE INDEX "signups_withdrawn" ON "signups" USING btree ("event_id","withdrawn_at");--> statement-breakpoint
CREATE INDEX "sync_logs_unreadable" ON "sync_logs" USING btree ("run_id") WHERE unreadable is not null;--> statement-breakpoint
CREATE INDEX "sync_runs_state" ON "sync_runs" USING btree ("state","started_at");--> statement-breakpoint
CREATE INDEX "wanted_riders_failed" ON "wanted_riders" USING btree ("ended_at") WHERE outcome = 'failed';