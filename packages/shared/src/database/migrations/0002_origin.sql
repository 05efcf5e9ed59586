CREATE TABLE "origin" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"upstream" text NOT NULL,
	"clock" text NOT NULL,
	CONSTRAINT "origin_single" CHECK ("origin"."id" = 1)
);
