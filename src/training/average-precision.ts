/** What a detector has found in one image: boxes, each with a class and how sure it is. */
export type Finds = {
  /** Centre x, centre y, width, height. */
  boxes: number[][];
  classes: number[];
  /** The higher, the surer. */
  scores: number[];
};

/**
 * Intersection over union of two boxes.
 *
 *     IoU = |a ∩ b| / |a ∪ b|
 *
 * @param a [centre x, centre y, width, height]
 * @param b the same
 * @returns 0 (apart) … 1 (equal); 0 for two empty boxes
 */
export function intersectionOverUnion(a: readonly number[], b: readonly number[]): number {
  const along = (axis: 0 | 1) => {
    const [p, q] = [a, b].map((box) => [box[axis], box[axis + 2] / 2]);
    return Math.max(0, Math.min(p[0] + p[1], q[0] + q[1]) - Math.max(p[0] - p[1], q[0] - q[1]));
  };
  const both = along(0) * along(1);
  const union = a[2] * a[3] + b[2] * b[3] - both;
  return union > 0 ? both / union : 0;
}

/**
 * Non-maximum suppression: of boxes that overlap, only the surest stays.
 *
 * Goes through the boxes from the surest down and keeps one unless a kept one *of its class* overlaps
 * it by more than the threshold.
 *
 * @param threshold of the IoU, 0 … 1
 * @returns what is kept, the surest first
 * @throws if the lists differ in length
 */
export function suppress(found: Finds, threshold = 0.5): Finds {
  expectFound(found);
  const { boxes, classes, scores } = found;
  const kept: number[] = [];
  for (const i of surestFirst(scores)) {
    const covered = kept.some(
      (k) => classes[k] === classes[i] && intersectionOverUnion(boxes[k], boxes[i]) > threshold,
    );
    if (!covered) kept.push(i);
  }
  return {
    boxes: kept.map((i) => boxes[i]),
    classes: kept.map((i) => classes[i]),
    scores: kept.map((i) => scores[i]),
  };
}

/**
 * Average precision of what was found in many images: the area under precision against recall, for
 * each class by itself, then the mean over the classes that occur.
 *
 * From the surest down, a find is right if it is of the object's class and overlaps it by the
 * threshold at least, the best overlap first; an object can be found once. After k finds, r of them
 * right, of n objects, precision is r / k and recall r / n. Precision is read at the 101 recalls
 * 0, 0.01, … 1, each time the best that is reached at that recall or a higher one.
 *
 * Source: the COCO evaluation (Lin et al. 2014, and its code, pycocotools), without its crowds.
 *
 * @param objects what there is in each image
 * @param thresholds of the IoU: [0.5] gives AP50; several are averaged
 * @returns 0 … 1
 * @throws if there are not as many images here as there, or there is no object at all
 */
export function averagePrecision(
  found: readonly Finds[],
  objects: readonly { classes: number[]; boxes: number[][] }[],
  thresholds: readonly number[] = [0.5],
): number {
  if (found.length !== objects.length)
    throw new Error(`finds in ${found.length} images ≠ objects in ${objects.length} images`);
  found.forEach(expectFound);
  const classes = [...new Set(objects.flatMap((one) => one.classes))];
  if (classes.length === 0) throw new Error('average precision: there is no object to be found');
  const each = thresholds.flatMap((threshold) =>
    classes.map((c) => areaOfClass(found, objects, c, threshold)),
  );
  return each.reduce((sum, area) => sum + area, 0) / each.length;
}

function areaOfClass(
  found: readonly Finds[],
  objects: readonly { classes: number[]; boxes: number[][] }[],
  c: number,
  threshold: number,
): number {
  const finds: { score: number; right: boolean }[] = [];
  let count = 0;
  objects.forEach((image, at) => {
    const wanted = image.boxes.filter((_, j) => image.classes[j] === c);
    count += wanted.length;
    const taken = new Set<number>();
    for (const i of surestFirst(found[at].scores)) {
      if (found[at].classes[i] !== c) continue;
      let [best, overlap] = [-1, threshold];
      wanted.forEach((box, j) => {
        const iou = intersectionOverUnion(found[at].boxes[i], box);
        if (!taken.has(j) && iou >= overlap) [best, overlap] = [j, iou];
      });
      if (best >= 0) taken.add(best);
      finds.push({ score: found[at].scores[i], right: best >= 0 });
    }
  });
  return areaUnderPrecision(
    surestFirst(finds.map(({ score }) => score)).map((i) => finds[i].right),
    count,
  );
}

/**
 * Average precision of one class: the area under precision against recall, read at 101 recalls.
 *
 * @param right whether each find is right, the surest first
 * @param count of all objects that there are
 * @returns 0 … 1
 */
export function areaUnderPrecision(right: readonly boolean[], count: number): number {
  let hits = 0;
  const points = right.map((one, k) => {
    hits += one ? 1 : 0;
    return { recall: hits / count, precision: hits / (k + 1) };
  });
  for (let k = points.length - 2; k >= 0; k--)
    points[k].precision = Math.max(points[k].precision, points[k + 1].precision);
  let [sum, k] = [0, 0];
  for (let step = 0; step <= 100; step++) {
    while (k < points.length && points[k].recall < 0.01 * step) k++;
    if (k < points.length) sum += points[k].precision / 101;
  }
  return sum;
}

/** The numbers of the scores, the highest first; of equal ones the earlier. */
function surestFirst(scores: readonly number[]): number[] {
  return scores.map((_, i) => i).sort((i, j) => scores[j] - scores[i]);
}

function expectFound({ boxes, classes, scores }: Finds): void {
  if (boxes.length !== classes.length || boxes.length !== scores.length)
    throw new Error(
      `${boxes.length} boxes, ${classes.length} classes and ${scores.length} scores do not fit`,
    );
}
