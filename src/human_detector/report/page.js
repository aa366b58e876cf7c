// The page: the picture with its boxes, the counts, the moments, and the time that all of them show.

// ---- the picture with its boxes ----

function fit(canvas) {
  const scale = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

function drawBoxes() {
  const context = fit(overlay);
  const frame = frameAt(time);
  if (frame < 0) return;
  for (const detector of detectors) {
    if (!detector.shown) continue;
    for (let i = detector.offsets[frame]; i < detector.offsets[frame + 1]; i++) {
      if (detector.scores[i] >= least) drawBox(context, detector, i);
    }
  }
}

function drawBox(context, detector, i) {
  const { clientWidth, clientHeight } = overlay;
  const [x0, y0, x1, y1] = [0, 1, 2, 3].map(
    (side) => (detector.boxes[4 * i + side] / data.boxScale) * (side % 2 ? clientHeight : clientWidth),
  );
  const score = (detector.scores[i] / data.scoreScale).toFixed(2);
  const text = `${detector.labels[detector.labelIds[i]]}${number(detector, i)} ${score}`;
  context.strokeStyle = detector.colour;
  context.lineWidth = 2;
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
  const width = context.measureText(text).width + 8;
  const left = Math.max(0, Math.min(x0, clientWidth - width));
  const top = Math.max(0, y0 - 18);
  context.fillStyle = "rgba(16, 16, 16, 0.82)";
  context.fillRect(left, top, width, 18);
  context.fillStyle = detector.colour;
  context.fillText(text, left + 4, top + 13);
}

/** A face is named after the person whose it is. */
function number({ tracks, people }, i) {
  if (people && people[i] >= 0) return ` of #${people[i]}`;
  return tracks && tracks[i] >= 0 ? ` #${tracks[i]}` : "";
}

// ---- counts and moments ----

function makeCounts() {
  element("distinct-head").hidden = !detectors.some((detector) => detector.tracks);
  for (const detector of detectors) {
    const box = make("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      detector.shown = box.checked;
      refresh();
    });
    const name = make("th", { scope: "row" }, make("label", {}, box, swatch(detector.colour), detector.name));
    detector.cells = { now: make("td"), all: make("td"), frames: make("td"), most: make("td"), distinct: make("td") };
    detector.cells.distinct.hidden = element("distinct-head").hidden;
    element("counts").tBodies[0].append(make("tr", {}, name, ...Object.values(detector.cells)));
  }
}

function countAll(detector) {
  let all = 0;
  let frames = 0;
  detector.most = 0;
  for (let frame = 0; frame < times.length; frame++) {
    const { count } = tally(detector, frame);
    all += count;
    frames += count > 0;
    detector.most = Math.max(detector.most, count);
  }
  const { cells } = detector;
  cells.all.textContent = all.toLocaleString("en");
  cells.frames.textContent = frames.toLocaleString("en");
  cells.most.textContent = detector.most;
  cells.distinct.textContent = detector.shown ? countDistinct(detector) : 0;
  detector.scale.textContent = detector.most ? `up to ${detector.most} at a time` : "nothing";
}

/** Different people, as tracking.py counts them. */
function countDistinct(detector) {
  const sightings = new Map();
  (detector.tracks ?? []).forEach((track, i) => {
    if (detector.scores[i] >= least) sightings.set(track, (sightings.get(track) ?? 0) + 1);
  });
  return [...sightings.values()].filter((count) => count >= data.minSightings).length;
}

function makeMoments() {
  for (const moment of data.moments) {
    const detector = detectors.find((candidate) => candidate.name === moment.detector);
    const image = make("img", { src: moment.picture, alt: "" });
    const button = make("button", { type: "button" }, image);
    button.setAttribute("aria-label", `Jump to ${clock(moment.time)}: ${moment.detector}, ${moment.scores.length} found`);
    button.addEventListener("click", () => {
      seek(moment.time);
      element("player").scrollIntoView({ block: "nearest" });
    });
    moment.found = make("td");
    moment.row = make(
      "tr",
      {},
      make("td", {}, button),
      make("td", { textContent: clock(moment.time) }),
      make("td", {}, make("span", { className: "name" }, swatch(detector.colour), moment.detector)),
      moment.found,
      make("td", { textContent: moment.scores[0].toFixed(2) }),
    );
    moment.owner = detector;
    element("moments").querySelector("tbody").append(moment.row);
  }
}

function filterMoments() {
  let visible = 0;
  for (const moment of data.moments) {
    const found = moment.scores.filter((score) => Math.round(score * data.scoreScale) >= least).length;
    moment.row.hidden = !found || !moment.owner.shown;
    moment.found.textContent = found;
    visible += !moment.row.hidden;
  }
  element("no-moments").hidden = visible > 0;
}

// ---- time ----

/** Show everything as it is at `time`. */
function showTime() {
  drawBoxes();
  const frame = frameAt(time);
  still.hidden = !stills.has(frame);
  if (!still.hidden) still.src = stills.get(frame);
  element("clock").textContent = `${clock(time)} / ${clock(duration)}`;
  for (const detector of detectors) {
    const { count, best } = tally(detector, frame);
    detector.cells.now.textContent = count;
    detector.playhead.style.transform = `translateX(${(time / duration) * detector.strip.clientWidth - 1}px)`;
    detector.strip.setAttribute("aria-valuenow", time.toFixed(2));
    const found = count ? `${count} found, best score ${best.toFixed(2)}` : "nothing found";
    detector.strip.setAttribute("aria-valuetext", `${clock(time)}, ${found}`);
  }
}

function seek(seconds) {
  time = Math.max(0, Math.min(duration, seconds));
  // A little into the frame: exactly on its edge, browsers show the one before at times.
  if (hasVideo) video.currentTime = Math.min(time + 0.001, video.duration || duration);
  showTime();
  announce();
}

let announcement = 0;
/** Tell a screen reader where we are, once things have settled. */
function announce() {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    element("status").textContent = `${clock(time)}. ${sentence(frameAt(time))}`;
  }, 400);
}

/** Go to the next frame with detections in a direction: 1 or -1. */
function step(direction) {
  let frame = frameAt(time) + direction;
  while (frame >= 0 && frame < times.length && !detectors.some((each) => tally(each, frame).count)) {
    frame += direction;
  }
  if (frame >= 0 && frame < times.length) seek(times[frame]);
}

/** Follow the video: with every frame that it shows where browsers tell, else with every refresh. */
function follow() {
  if ("requestVideoFrameCallback" in video) {
    const onFrame = (_, { mediaTime }) => {
      // After a jump, the frames of before still arrive.
      if (!video.paused && !video.seeking) {
        time = Math.min(mediaTime, duration);
        showTime();
      }
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
    return;
  }
  const onRefresh = () => {
    if (!video.paused && !video.seeking) {
      time = Math.min(video.currentTime, duration);
      showTime();
    }
    requestAnimationFrame(onRefresh);
  };
  requestAnimationFrame(onRefresh);
}

function refresh() {
  least = Math.round(element("threshold").value * data.scoreScale);
  element("threshold-value").textContent = Number(element("threshold").value).toFixed(2);
  for (const detector of detectors) {
    countAll(detector);
    drawStrip(detector);
  }
  filterMoments();
  showTime();
}

// ---- the video and its controls ----

function shapeStage(width, height) {
  const stage = element("stage");
  stage.style.aspectRatio = `${width || 16} / ${height || 9}`;
  stage.style.maxWidth = `calc(62vh * ${(width || 16) / (height || 9)})`;
}

function setUpVideo() {
  video.addEventListener("loadedmetadata", () => {
    hasVideo = true;
    // As it is shown, which is another shape than it is stored in where its pixels are not square.
    shapeStage(video.videoWidth, video.videoHeight);
    element("missing").hidden = true;
    element("play").disabled = false;
    seek(time);
  });
  video.addEventListener("error", () => {
    hasVideo = false;
    element("missing").hidden = false;
    element("play").disabled = true;
  });
  for (const name of ["play", "pause"]) {
    video.addEventListener(name, () => {
      element("play").textContent = video.paused ? "Play" : "Pause";
      if (video.paused) announce();
    });
  }
  element("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (!file) return;
    element("missing-reason").textContent = `Your browser does not play ${file.name}.`;
    video.src = URL.createObjectURL(file);
  });
  if (data.copy) {
    element("missing-name").textContent = data.copy;
    tell(`Browsers do not play the video itself, ${data.format}: what plays here is a copy, ${data.copy}.`);
  }
  follow();
  video.src = data.source;
}

/** In place of a video that browsers do not play: pictures of the strongest moments. */
function setUpStills() {
  video.hidden = true;
  element("play").disabled = true;
  element("speed").disabled = true;
  const pictures = data.moments.length
    ? "In its place there are pictures of the strongest moments, listed below"
    : "Nothing was found in it, so there are no pictures either";
  tell(`Browsers do not play this video, ${data.format}. ${pictures}; the time line works as always.`);
  if (data.moments.length) seek(data.moments[0].time);
}

function tell(text) {
  element("unplayable").textContent = text;
  element("unplayable").hidden = false;
}

function togglePlay() {
  if (!hasVideo) return;
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}

function setUpControls() {
  element("play").addEventListener("click", togglePlay);
  video.addEventListener("click", togglePlay);
  element("previous").addEventListener("click", () => step(-1));
  element("next").addEventListener("click", () => step(1));
  element("speed").addEventListener("change", (event) => (video.playbackRate = Number(event.target.value)));
  let queued = 0;
  element("threshold").addEventListener("input", () => {
    // At most once per refresh of the screen, however fast the slider moves.
    cancelAnimationFrame(queued);
    queued = requestAnimationFrame(refresh);
  });
  element("threshold").addEventListener("change", announce);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("select, button, input")) return;
    const action = { " ": togglePlay, n: () => step(1), p: () => step(-1) }[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
  new ResizeObserver(refresh).observe(element("tracks"));
  new ResizeObserver(drawBoxes).observe(overlay);
}

function setUpTheme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const set = (dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    element("theme").textContent = dark ? "Light" : "Dark";
    element("theme").setAttribute("aria-label", `Switch to ${dark ? "light" : "dark"} colours`);
    if (detectors.length && detectors[0].canvas) refresh();
  };
  set(system.matches);
  system.addEventListener("change", () => set(system.matches));
  element("theme").addEventListener("click", () => set(root.dataset.theme !== "dark"));
}

function showFacts() {
  const { width, height, fps, frame_count: frames, complete, damage } = data.video;
  const share = data.humanDetection.frame_ratio;
  element("facts").textContent = [
    `${width} × ${height}`,
    `${fps.toFixed(2)} frames/s`,
    `${clock(duration)} (${frames.toLocaleString("en")} frames, ${times.length.toLocaleString("en")} analysed)`,
    ...(share === undefined ? [] : [`frame ratio ${share}`]),
    `${data.engine.name} ${data.engine.version} on ${data.engine.device}`,
  ].join(" · ");
  element("incomplete").hidden = complete;
  if (damage) element("incomplete").textContent = `The video is not complete: ${damage}.`;
  const lowest = detectors.flatMap(({ scores }) => (scores.length ? [scores.reduce((a, b) => Math.min(a, b))] : []));
  element("threshold").value = lowest.length ? Math.floor((100 * Math.min(...lowest)) / data.scoreScale) / 100 : 0;
  if (!lowest.length) element("no-moments").textContent = "Nothing was found in this video.";
}

setUpTheme();
showFacts();
shapeStage(data.video.width, data.video.height);
makeCounts();
detectors.forEach(makeLane);
makeAxis();
makeMoments();
setUpControls();
refresh();
if (data.source) setUpVideo();
else setUpStills();
