// The data of the page, and how they are looked up. The three scripts become one, see page.py.


const data = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const array = (type, text) => new type(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

const times = array(Float32Array, data.times);
const detectors = data.detectors.map((packed) => ({
  name: packed.name,
  colour: packed.colour,
  labels: packed.labels,
  offsets: array(Uint32Array, packed.offsets),
  scores: array(Uint16Array, packed.scores),
  boxes: array(Uint16Array, packed.boxes),
  labelIds: array(Uint16Array, packed.labelIds),
  tracks: packed.tracks === null ? null : array(Int32Array, packed.tracks),
  people: packed.people === null ? null : array(Int32Array, packed.people),
  shown: true,
}));
const duration = Math.max(data.video.duration, times.length ? times[times.length - 1] : 0, 0.001);
const video = element("video");
const still = element("still");
const stills = new Map(data.stills.map(({ frame, picture }) => [frame, picture]));
const overlay = element("overlay");

let time = 0; // seconds; the video's while there is one
let least = 0; // the least score that is shown, in units of data.scoreScale
let hasVideo = false;

// ---- looking things up ----

/** The place of the last analysed frame at or before a time; -1 before the first. */
function frameAt(seconds) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // Half a millisecond: browsers round the time to which they have jumped.
    if (times[middle] <= seconds + 0.0005) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** How many detections a frame has with the least score, and the best score. */
function tally(detector, frame) {
  let count = 0;
  let best = 0;
  if (frame >= 0 && detector.shown) {
    for (let i = detector.offsets[frame]; i < detector.offsets[frame + 1]; i++) {
      if (detector.scores[i] < least) continue;
      count++;
      best = Math.max(best, detector.scores[i]);
    }
  }
  return { count, best: best / data.scoreScale };
}

function clock(seconds, digits = 1) {
  const whole = Math.floor(seconds / 60);
  const rest = (seconds - 60 * whole).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  if (whole < 60) return `${whole}:${rest}`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}:${rest}`;
}

function sentence(frame) {
  return detectors
    .filter((detector) => detector.shown)
    .map((detector) => {
      const { count, best } = tally(detector, frame);
      return `${detector.name} ${count}${count ? `, best ${best.toFixed(2)}` : ""}`;
    })
    .join("; ");
}

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function swatch(colour) {
  const made = make("span", { className: "swatch" });
  made.style.background = colour;
  return made;
}
