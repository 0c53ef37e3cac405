/** Numbers that a text quotes, and where they come from. */

/** A number in prose that must come from somewhere. */
interface Quoted {
  /** As it stands there, with its unit: '28.7 %'. */
  text: string;
  at: number;
  /** Without its sign. */
  value: number;
  /** Behind the point. */
  digits: number;
  unit: '' | '%' | '×';
}

/** A number in an output or in code. */
interface Printed {
  value: number;
  /** Behind the point; Infinity of what is written like 1.2e-7. */
  digits: number;
  unit: '' | '%' | '×';
  code: boolean;
}

const units = String.raw`%|per ?cent\b|percentage points?\b|points?\b`;
const factors = String.raw`×(?!\s?\d)|-?fold\b|times (?:as|the|more|less|fewer|larger|smaller|longer|shorter|higher|lower|faster|slower|cheaper|dearer)\b`;
// In '74, 45 and 86.1 %' the unit is said once.
const list = String.raw`(?:\s?(?:to|and|or|–|-|…)\s?[\d.,]+)*`;
const unit = new RegExp(
  String.raw`^(?:(?:,\s?[\d.]+)*${list}\s?(${units})|${list}\s?(${factors}))`,
);
const number =
  /(?<![\p{L}\d_.,:/^])[−–-]?(\d+(?:,\d{3})*(?:\.\d+)?(?:e[−-]?\d+)?)(?![\p{L}\d_]|[.,:/]\d)/gu;
/** What a number follows that counts places, not things. */
const place =
  /(?:\b(?:sections?|exercises?|tables?|figs?\.?|figures?|eqs?\.?|equations?|appendix|arxiv:?|version|lessons?)|§)[\s(]*(?:[\d.]+(?:, | and | or | to |–))*$/i;
const pointing =
  /(?:^|[([;,]|\b(?:of|in|by|with|see|and|or|to|from|as|after|before|than|beside)) ?$/i;

/**
 * The numbers of a text that are results, or settings, or a paper's: decimals, shares in % or
 * points, factors, and what has a thousands comma. Whole numbers ('26 letters') are none, nor are
 * numbers of sections, tables, figures, equations and papers.
 *
 * @param sections that the notebook has: '2.1'
 */
export function quotedNumbers(text: string, sections: Set<string> = new Set()): Quoted[] {
  return [...text.matchAll(number)].flatMap((match) => {
    const [whole, digits] = match;
    const [before, after] = [text.slice(0, match.index), text.slice(match.index + whole.length)];
    const [said = '', share, times] = unit.exec(after) ?? [];
    const factor = times ?? /\bfactor (?:of )?(?:about )?$/.test(before);
    if (!/[.,e]/.test(digits) && !share && !factor) return [];
    if (place.test(before)) return [];
    if (!said && sections.has(digits) && pointing.test(before)) return [];
    const value = Number(digits.replace(/,/g, '').replace('−', '-'));
    return {
      text: `${digits}${share ? ` ${share}` : times ? ` ${times.split(' ')[0]}` : ''}`,
      at: match.index,
      value,
      digits: behindThePoint(digits),
      unit: share ? '%' : factor ? '×' : '',
    };
  });
}

/** All numbers of an output or of code. */
export function printedNumbers(text: string, { code = false }: { code?: boolean } = {}): Printed[] {
  const tokens = /(?<![\p{L}\d_.])\d[\d_]*(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?/gu;
  const tags = text.replace(/<[^>]*>/g, ' ');
  const percents = tags.includes('%') || /percent|points/.test(tags);
  return [...tags.matchAll(tokens)].flatMap((match) => {
    const after = tags.slice(match.index + match[0].length);
    const token = match[0].replace(/_/g, '');
    // '0,100,200' is three numbers, and '1,024' is one: who knows which.
    const readings = token.includes(',') ? [token.replace(/,/g, ''), ...token.split(',')] : [token];
    const marked = /^\s?(×|times\b|x\b)/.test(after) ? '×' : !code && percents ? '%' : '';
    return readings.map((reading) => ({
      value: Number(reading),
      digits: reading.includes('e') ? Number.POSITIVE_INFINITY : behindThePoint(reading),
      unit: marked,
      code,
    }));
  });
}

const behindThePoint = (digits: string) => digits.split('.')[1]?.length ?? 0;

/**
 * Whether a quoted number is a printed one, rounded or not; a share may be printed as 0.287.
 * A whole number of percent or times is so common that it must have been printed as such, or with
 * its digits.
 */
export function comesFrom({ text, value, digits, unit }: Quoted, printed: Printed) {
  const slack = (step: number) => (step / 2) * (1 + 1e-9);
  const near = (x: number, step: number) => Math.abs(x - value) <= slack(step) + 1e-12;
  const step = text.includes(',') ? roundedTo(value) : 10 ** -digits;
  if (unit === '%' && printed.digits > 1 && near(100 * printed.value, step)) return true;
  if (unit !== '' && digits === 0 && printed.digits === 0 && printed.unit !== unit) {
    return false;
  }
  if (/\de/.test(text)) return near(printed.value, 10 ** Math.floor(Math.log10(value)) / 10);
  if (printed.digits < digits) return printed.value === value;
  return near(printed.value, step);
}

/** '8,000' may be 7,990, with two digits that count at least. */
function roundedTo(value: number) {
  const digits = String(value);
  const zeros = /0*$/.exec(digits)?.[0].length ?? 0;
  return 10 ** Math.max(0, Math.min(zeros, digits.length - 2));
}
