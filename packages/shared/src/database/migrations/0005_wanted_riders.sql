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
ALTER TABLE "commands" ALTER COLUMN "rider_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "riders" ADD COLUMN "taken_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "wanted_riders_waiting" ON "wanted_riders" USING btree ("why","since","rider_id") WHERE outcome is null;--> statement-breakpoint
CREATE INDEX "wanted_riders_rider" ON "wanted_riders" USING btree ("rider_id") WHERE outcome is null;