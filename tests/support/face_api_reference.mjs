// Prints what face-api itself finds in square RGB pictures: the numbers that test_face_converter.py expects.
//
// How to run it again, from the repository's root, with Node 20 or later:
//
//   scratch=$(mktemp -d)
//   npm install --prefix "$scratch" @vladmandic/face-api@1.7.15 \
//     @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0
//   PYTHONPATH=tests:model .venv/bin/python -c \
//     "import sys, test_face_converter as t; t.write_raw_pictures(sys.argv[1])" "$scratch"
//   node tests/face_api_reference.mjs "$scratch" "$scratch"/*.rgb
//
// The first argument is the folder that holds node_modules, the others are raw pictures: rows from the top, three
// bytes (red, green, blue) a pixel, as many rows as columns. Prints one JSON object: for each picture its faces as
// [score, y_min, x_min, y_max, x_max], the box in fractions of the picture, the best score first.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const MIN_CONFIDENCE = 0.3;

const [scratch, ...pictures] = process.argv.slice(2);
const require = createRequire(path.resolve(scratch, 'node_modules', 'anchor.js'));
const faceApiFolder = path.dirname(require.resolve('@vladmandic/face-api/package.json'));
const faceApi = require(path.join(faceApiFolder, 'dist', 'face-api.node-wasm.js'));

// The plain JavaScript backend: slow, and with the same result on every machine.
await faceApi.tf.setBackend('cpu');
await faceApi.tf.ready();
await faceApi.nets.ssdMobilenetv1.loadFromDisk(path.join(faceApiFolder, 'model'));

const round = (value) => Number(value.toFixed(5));
const result = {};
for (const picture of pictures) {
  const pixels = readFileSync(picture);
  const side = Math.sqrt(pixels.length / 3);
  const tensor = faceApi.tf.tensor3d(pixels, [side, side, 3], 'int32');
  const options = new faceApi.SsdMobilenetv1Options({ minConfidence: MIN_CONFIDENCE });
  const faces = await faceApi.detectAllFaces(tensor, options);
  tensor.dispose();
  result[path.basename(picture, '.rgb')] = faces.map(({ score, relativeBox: box }) => (
    [score, box.top, box.left, box.bottom, box.right].map(round)
  ));
}
console.log(JSON.stringify(result, null, 1));
