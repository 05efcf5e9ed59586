DROP INDEX "signups_withdrawn";--> statement-breakpoint
CREATE INDEX "signups_event" ON "signups" USING btree ("event_id","first_seen_at","withdrawn_at","rider_id");