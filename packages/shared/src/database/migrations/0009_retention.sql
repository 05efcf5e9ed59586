CREATE INDEX "signup_copies_copied" ON "signup_copies" USING btree ("copied_at");--> statement-breakpoint
CREATE INDEX "rider_history_recorded" ON "rider_history" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "commands_finished" ON "commands" USING btree ("finished_at");