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
