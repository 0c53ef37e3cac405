import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { overlay } from '../../src/plots/overlay';
import { tf } from '../../src/tensors/tf';

const title = 'Soft attention';
const image = [
  [0, 1],
  [0.5, 0.25],
];
const map = [[0.25, 0.75]];

test('overlay(image, weights) draws the bare image, then each map over it', () => {
  const { data, layout } = overlay(image, [map, map], { title, names: ['a', 'dog'] });
  expect(data.map(({ type }) => type)).toEqual(['image', 'image', 'heatmap', 'image', 'heatmap']);
  expect(layout.annotations.map(({ text }: any) => text)).toEqual(['image', 'a', 'dog']);
});

test('each weight covers its share of the image', () => {
  const { data } = overlay(image, map, { title, bare: false });
  // Two weights over two pixels across, one weight over two pixels down.
  const { x0, dx, y0, dy } = data[1];
  expect([x0, dx, y0, dy]).toEqual([0, 1, 0.5, 2]);
});

test('the image is stored as a PNG with its own pixels', () => {
  const pixelsOf = (picture: number[][] | number[][][]) => {
    const { data } = overlay(picture, map, { title });
    const file = Buffer.from(data[0].source.split(',')[1], 'base64');
    const at = file.indexOf('IDAT');
    return [...inflateSync(file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4)))];
  };
  // Each row begins with the number of its filter, 0.
  expect(pixelsOf(image)).toEqual([0, 0, 255, 0, 128, 64]);
  expect(pixelsOf([[0, 255]])).toEqual([0, 0, 255]);
  expect(pixelsOf([[[1, 2, 3]]])).toEqual([0, 1, 2, 3]);
});

test('tensors leave no tensor behind', () => {
  const picture = tf.zeros([4, 4, 1]);
  const weights = tf.fill([2, 2, 2], 0.25);
  const before = tf.memory().numTensors;
  overlay(picture, weights, { title });
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([picture, weights]);
});

test('the alternative text says where the most weight is', () => {
  const { layout } = overlay(image, [map], { title, names: ['dog'] });
  expect(layout.meta.alt).toContain('dog row 1 of 1, column 2 of 2 (0.75)');
});

test('overlay() throws if the image is none, or a name is missing', () => {
  expect(() => overlay([1, 2] as never, map, { title })).toThrow('the image has shape [2]');
  expect(() => overlay([[[1, 2]]], map, { title })).toThrow('the image has shape [1,1,2]');
  expect(() => overlay([[-1]], map, { title })).toThrow('the image has the value -1');
  expect(() => overlay([[Number.NaN]], map, { title })).toThrow('the image has the value NaN');
  expect(() => overlay(image, [map], { title, names: [] })).toThrow(
    'there are 1 maps, but 0 names were given',
  );
});

test('panels share the width that is asked for', () => {
  const wide = overlay(image, [map, map, map], { title, names: ['a', 'b', 'c'] });
  const narrow = overlay(image, [map, map, map], { title, names: ['a', 'b', 'c'], width: 450 });
  const across = ({ layout }: typeof wide) => layout.width - layout.margin.l - layout.margin.r;
  expect([across(wide), across(narrow)]).toEqual([850, 450]);
});

test('overlay(…) draws boxes over its panels, the bare image first', () => {
  const image = [
    [0, 1],
    [1, 0],
  ];
  const boxes = [[], [{ box: [0.5, 0.5, 1, 1], dashed: true }]];
  const { layout } = overlay(image, [[[1]]], { title: 'One map', boxes });
  expect(layout.shapes).toMatchObject([{ xref: 'x2', x0: -0.5, x1: 1.5, y0: -0.5, y1: 1.5 }]);
  expect(() => overlay(image, [[[1]]], { title: 'One map', boxes: [[]] })).toThrow(
    '2 panels, but 1 lists of boxes',
  );
});
