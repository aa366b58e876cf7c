// Prints what the package's own CenterNet finds in square RGB pictures: the numbers that test_centernet.py expects.
//
// How to run it again, from the repository's root, with Node 20 or later:
//
//   scratch=$(mktemp -d)
//   npm install --prefix "$scratch" @vladmandic/human@3.0.4 @tensorflow/tfjs-core@4.22.0 \
//     @tensorflow/tfjs-converter@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0
//   PYTHONPATH=tests:demo .venv/bin/python -c \
//     "import sys, inference.test_centernet as t; t.write_raw_pictures(sys.argv[1])" "$scratch"
//   node tests/support/centernet_reference.mjs "$scratch" "$scratch"/*.rgb
//
// The first argument is the folder that holds node_modules, the others are raw pictures: rows from the top, three
// bytes (red, green, blue) a pixel, as many rows as columns. Prints one JSON object: for each picture its people as
// [score, y_min, x_min, y_max, x_max], the box in fractions of the picture, the best score first.
//
// What is done here is what src/object/centernet.ts of the package does: resizeBilinear to the model's input, execute,
// nonMaxSuppression. Its thresholds belong to its configuration; these here are those of the product's graph.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const MIN_CONFIDENCE = 0.3;
const IOU_THRESHOLD = 0.6;
const PERSON = 0;

const [scratch, ...pictures] = process.argv.slice(2);
const require = createRequire(path.resolve(scratch, 'node_modules', 'anchor.js'));
const tf = require('@tensorflow/tfjs-core');
const { loadGraphModel } = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');

// The plain JavaScript backend: slow, and with the same result on every machine.
await tf.setBackend('cpu');
const folder = path.join(scratch, 'node_modules', '@vladmandic', 'human', 'models');
const { modelTopology, weightsManifest, format } = JSON.parse(readFileSync(path.join(folder, 'centernet.json')));
const model = await loadGraphModel({
  load: async () => ({
    format,
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    weightData: new Uint8Array(readFileSync(path.join(folder, 'centernet.bin'))).buffer,
  }),
});
const inputSize = Number(model.inputs[0].shape[2]);

const round = (value) => Number(value.toFixed(5));
const result = {};
for (const picture of pictures) {
  const pixels = readFileSync(picture);
  const side = Math.sqrt(pixels.length / 3);
  const input = tf.tensor4d(pixels, [1, side, side, 3], 'float32');
  const resized = tf.image.resizeBilinear(input, [inputSize, inputSize]);
  const [found] = await model.execute(resized, ['tower_0/detections']).array();
  const people = found.filter((row) => row[5] === PERSON);
  const boxes = tf.tensor2d(people.map(([x, y, right, bottom]) => [y, x, bottom, right]));
  const scores = tf.tensor1d(people.map((row) => row[4]));
  const kept = await tf.image.nonMaxSuppressionAsync(boxes, scores, people.length, IOU_THRESHOLD, MIN_CONFIDENCE);
  result[path.basename(picture, '.rgb')] = [...await kept.data()].map((index) => {
    const [x, y, right, bottom, score] = people[index];
    return [score, y / inputSize, x / inputSize, bottom / inputSize, right / inputSize].map(round);
  });
}
console.log(JSON.stringify(result, null, 1));
