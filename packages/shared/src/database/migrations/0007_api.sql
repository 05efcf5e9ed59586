CREATE TABLE "conflicts" (
	"at" timestamp (3) with time zone NOT NULL,
	"sequence" bigint NOT NULL,
	"account" text NOT NULL,
	"budget" text NOT NULL,
	"blocked" text NOT NULL,
	"blocked_by" text NOT NULL,
	"expected_wait_ms" bigint NOT NULL,
	CONSTRAINT "conflicts_at_sequence_pk" PRIMARY KEY("at","sequence")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"request" text NOT NULL,
	"once_id" text NOT NULL,
	"taken_at" timestamp (3) with time zone NOT NULL,
	"answer" jsonb,
	CONSTRAINT "idempotency_keys_caller_key_pk" PRIMARY KEY("caller","key")
);
--> statement-breakpoint
CREATE TABLE "permits" (
	"permit" text PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"budget" text NOT NULL,
	"lane" text,
	"started_at" timestamp (3) with time zone,
	"heard_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"result" text,
	"status" integer
);
--> statement-breakpoint
CREATE INDEX "idempotency_keys_taken" ON "idempotency_keys" USING btree ("taken_at");--> statement-breakpoint
CREATE INDEX "permits_started" ON "permits" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "permits_heard" ON "permits" USING btree ("heard_at");