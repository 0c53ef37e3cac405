/** A paper's claim beside what was measured here, with the verdict. */
import { markdown } from './show';

export interface Claim {
  /** What the paper says, in a few words: 'attention keeps long sentences'. */
  claim: string;
  /** Where it says so: 'Bahdanau et al. 2015, Fig. 2'. */
  source: string;
  /** What is compared: 'error on the longest words, in % of the shortest'. */
  measure: string;
  /** The paper's number; a text where it shows a direction and no number. */
  paper: number | string;
  /** What was measured here: one number, or one for each seed. */
  ours: number | number[];
  /** It holds if each of ours lies this near to the paper's number … */
  within?: number;
  /** … or is at least this … */
  atLeast?: number;
  /** … or at most this. Both together make a range. */
  atMost?: number;
  /** Behind the numbers: ' %'. */
  unit?: string;
  /** Digits behind the point. Default 2. */
  digits?: number;
}

export interface ClaimVerdict {
  /** Whether every one of our numbers lies where the claim says. */
  holds: boolean;
  /** How many do, of how many. */
  holding: number;
  of: number;
}

/**
 * Compares: a claim holds if it holds of *every* number of ours, so that a lucky seed proves
 * nothing.
 *
 * @throws if there is nothing to compare with, no number of ours, or one that is not finite
 */
export function judgeClaim({ claim, paper, ours, within, atLeast, atMost }: Claim): ClaimVerdict {
  const refuse = (what: string) => {
    throw new Error(`the claim "${claim}" ${what}`);
  };
  const numbers = [ours].flat();
  if (numbers.length === 0) refuse('has no number of ours');
  for (const x of numbers) if (!Number.isFinite(x)) refuse(`has ${x} among our numbers`);
  if (within === undefined && atLeast === undefined && atMost === undefined)
    refuse('says nothing about when it holds: give within, atLeast or atMost');
  if (within !== undefined && typeof paper !== 'number')
    refuse(`wants to be within ${within} of "${paper}", which is no number`);
  const holding = numbers.filter(
    (x) =>
      (within === undefined || Math.abs(x - (paper as number)) <= within) &&
      (atLeast === undefined || x >= atLeast) &&
      (atMost === undefined || x <= atMost),
  ).length;
  return { holds: holding === numbers.length, holding, of: numbers.length };
}

/**
 * Shows claims as a table: ✓ or ✗, the paper's figure and where it stands, ours with its spread,
 * and when it counts as holding.
 *
 * @throws as `judgeClaim`
 */
export function claim(...claims: Claim[]): void {
  const rows = claims.map((one) => {
    const { holds, holding, of } = judgeClaim(one);
    const mark = holds ? '✓' : '✗';
    const seeds = of > 1 && !holds ? ` ${holding} of ${of}` : '';
    const { claim: what, measure, source, paper, ours } = one;
    return [
      `${mark}${seeds}`,
      `**${what}**: ${measure}`,
      `${typeof paper === 'number' ? written(paper, one) : paper} (${source})`,
      spread([ours].flat(), one),
      condition(one),
    ];
  });
  const lines = [
    ['', 'claim', 'paper', 'ours', 'holds if'],
    ['---', '---', '---', '---', '---'],
  ];
  const cells = [...lines, ...rows].map((row) => row.map((cell) => cell.replace(/\|/g, '\\|')));
  markdown(cells.map((row) => `| ${row.join(' | ')} |`).join('\n'));
}

/** Mean, and from where to where: '11.9 % (11.5 to 12.2, 3 seeds)'; one number alone as it is. */
export function spread(
  numbers: readonly number[],
  format: { digits?: number; unit?: string } = {},
) {
  const plain = { digits: format.digits };
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  if (numbers.length === 1) return written(mean, format);
  const ends = [Math.min(...numbers), Math.max(...numbers)].map((x) => written(x, plain));
  return `${written(mean, format)} (${ends.join(' to ')}, ${numbers.length} runs)`;
}

function written(x: number, { digits = 2, unit = '' }: { digits?: number; unit?: string }) {
  return `${x.toFixed(digits).replace('-', '−')}${unit}`;
}

function condition(one: Claim): string {
  const { within, atLeast, atMost } = one;
  return [
    within === undefined ? [] : `within ${written(within, one)} of the paper's`,
    atLeast === undefined ? [] : `at least ${written(atLeast, one)}`,
    atMost === undefined ? [] : `at most ${written(atMost, one)}`,
  ]
    .flat()
    .join(', ');
}
