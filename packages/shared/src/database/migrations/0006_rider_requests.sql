DROP INDEX "wanted_riders_rider";--> statement-breakpoint
CREATE INDEX "commands_rider" ON "commands" USING btree ("rider_id","requested_at");--> statement-breakpoint
CREATE INDEX "wanted_riders_of_rider" ON "wanted_riders" USING btree ("rider_id");--> statement-breakpoint
CREATE FUNCTION join_waiting_adds(rider_ids integer[], new_ids text[], since timestamp with time zone)
RETURNS TABLE (command_id text, rider_id integer, requested_at timestamp with time zone)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  -- Riders share 64 locks, so that a large batch doesn't fill the lock table; in order, so that two batches don't deadlock.
  PERFORM pg_advisory_xact_lock(7223093, slot)
  FROM (SELECT DISTINCT id % 64 AS slot FROM unnest(rider_ids) AS id ORDER BY slot) AS slots;
  -- Each statement of a function sees what was committed before it, also while it waited for the locks.
  -- "IS TRUE" looks each open add up in a hash table instead of comparing it with all given ones.
  RETURN QUERY WITH waiting AS (
    SELECT command_id, rider_id, requested_at FROM commands
    WHERE finished_at IS NULL AND type = 'add-rider' AND progress ->> 'state' <> 'running'
      AND requested_at > since
      AND (rider_id IN (SELECT unnest(rider_ids))) IS TRUE
      AND command_id NOT IN (SELECT unnest(new_ids))
    ORDER BY command_id FOR UPDATE
  ), touched AS (
    UPDATE commands SET updated_at = updated_at + interval '1 millisecond' FROM waiting
    WHERE commands.command_id = waiting.command_id AND published_at IS NULL
  )
  SELECT command_id, rider_id, requested_at FROM waiting;
END
$$;
