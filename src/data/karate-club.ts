/** The members of a karate club, who met whom outside of it, and which way they went. */
export type KarateClub = {
  /** '1' … '34': the numbers that Zachary gave them. 1 is the instructor, 34 the president. */
  names: string[];
  /** [pairs]: two members, counted from 0, the smaller number first. */
  pairs: [number, number][];
  /** [members]: 0 for who went with the instructor, 1 for who stayed with the president's side. */
  sides: number[];
};

// Who met whom: after a colon, all with a larger number.
const meetings = `
  1: 2 3 4 5 6 7 8 9 11 12 13 14 18 20 22 32 | 2: 3 4 8 14 18 20 22 31
  3: 4 8 9 10 14 28 29 33 | 4: 8 13 14 | 5: 7 11 | 6: 7 11 17 | 7: 17 | 9: 31 33 34 | 10: 34
  14: 34 | 15: 33 34 | 16: 33 34 | 19: 33 34 | 20: 34 | 21: 33 34 | 23: 33 34
  24: 26 28 30 33 34 | 25: 26 28 32 | 26: 32 | 27: 30 34 | 28: 34 | 29: 32 34 | 30: 33 34
  31: 33 34 | 32: 33 34 | 33: 34`;

// The seventeen who went with the instructor, number 9 among them.
const withInstructor = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 17, 18, 20, 22];

/**
 * The karate club: 34 members, 78 pairs of them who met outside of it, and the side that each took
 * when the club broke in two.
 *
 * Source: Zachary (1977), "An information flow model for conflict and fission in small groups",
 * Journal of Anthropological Research 33, 452–473; the pairs as networkx has them. Zachary's own
 * prediction, a minimum cut between 1 and 34, is right for all but member 9.
 */
export function loadKarateClub(): KarateClub {
  const pairs = meetings.split(/\n|\|/).flatMap((line) => {
    const [one, others] = line.split(':');
    return (others?.trim().split(' ') ?? []).map((other): [number, number] => [
      Number(one) - 1,
      Number(other) - 1,
    ]);
  });
  const members = Array.from({ length: 34 }, (_, i) => i + 1);
  return {
    names: members.map(String),
    pairs,
    sides: members.map((member) => (withInstructor.includes(member) ? 0 : 1)),
  };
}
