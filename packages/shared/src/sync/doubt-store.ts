import { eq } from 'drizzle-orm';
import { type Database, tables } from '../database/index.ts';
import {
  describeList,
  type DoubtKind,
  type DoubtSubject,
  doubtText,
  isCollapse,
  type Presence,
  type Verdict,
  verdictOn,
} from './doubt.ts';

const { doubts } = tables;

/** Judges a response, by the stored doubt about earlier ones. @param at when it arrived, project ms */
export async function judgeResponse(
  db: Pick<Database, 'select'>,
  subject: DoubtSubject,
  hasCollapsed: boolean,
  at: number,
): Promise<Verdict> {
  const kind = subject.split(':')[0] as DoubtKind;
  const [doubt] = await db.select({ since: doubts.since }).from(doubts).where(eq(doubts.subject, subject));
  return verdictOn(kind, hasCollapsed, doubt?.since ?? null, at);
}

/** Stores the doubt about a response, or the end of a doubt. */
export async function storeVerdict(
  db: Pick<Database, 'insert' | 'delete'>,
  subject: DoubtSubject,
  verdict: Verdict,
  { known, present }: Omit<Presence, 'listed'>,
  at: number,
): Promise<void> {
  if (verdict.is === 'believed') {
    await db.delete(doubts).where(eq(doubts.subject, subject));
    return;
  }
  const last = { lastAt: at, known, present };
  await db
    .insert(doubts)
    .values({ subject, since: verdict.since, ...last })
    .onConflictDoUpdate({ target: doubts.subject, set: last });
}

/** A response that is not believed, in words. */
export interface Doubt {
  readonly text: string;
}

/** Judges a whole list and stores the verdict. `missingSince`: remove what was not seen since then; absent: nothing. */
export async function settleDoubt(
  db: Pick<Database, 'select' | 'insert' | 'delete'>,
  subject: DoubtSubject,
  presence: Presence,
  at: number,
): Promise<{ readonly missingSince?: number; readonly doubt?: Doubt }> {
  const verdict = await judgeResponse(db, subject, isCollapse(presence), at);
  await storeVerdict(db, subject, verdict, presence, at);
  if (verdict.is === 'believed') return { missingSince: verdict.missingSince };
  return { doubt: { text: doubtText(presence, describeList(subject).things) } };
}
