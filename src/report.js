"use strict";
(() => {
  // ---- the data, see report_data.py ----

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
    shown: true,
  }));
  const duration = Math.max(data.video.duration, times.length ? times[times.length - 1] : 0, 0.001);
  const video = element("video");
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
    const number = detector.tracks && detector.tracks[i] >= 0 ? ` #${detector.tracks[i]}` : "";
    const score = (detector.scores[i] / data.scoreScale).toFixed(2);
    const text = `${detector.labels[detector.labelIds[i]]}${number} ${score}`;
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

  // ---- the time lines ----

  /** For every column of pixels: the most at a time, and the best score. */
  function columns(detector, width) {
    const counts = new Uint16Array(width);
    const bests = new Float32Array(width);
    for (let frame = 0; frame < times.length; frame++) {
      const { count, best } = tally(detector, frame);
      if (!count) continue;
      // A frame stands for the time up to the next one.
      const first = Math.min(width - 1, Math.floor((times[frame] / duration) * width));
      const end = frame + 1 < times.length ? times[frame + 1] : duration;
      const last = Math.max(first, Math.min(width - 1, Math.ceil((end / duration) * width) - 1));
      for (let column = first; column <= last; column++) {
        counts[column] = Math.max(counts[column], count);
        bests[column] = Math.max(bests[column], best);
      }
    }
    return { counts, bests };
  }

  function drawStrip(detector) {
    const context = fit(detector.canvas);
    const { clientWidth: width, clientHeight: height } = detector.canvas;
    const { counts, bests } = columns(detector, width);
    const most = Math.max(1, detector.most);
    context.fillStyle = detector.colour;
    context.globalAlpha = 0.55;
    for (let x = 0; x < width; x++) {
      const bar = (counts[x] / most) * (height - 6);
      if (bar) context.fillRect(x, height - bar, 1, bar);
    }
    context.globalAlpha = 1;
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--text");
    context.lineWidth = 1;
    context.beginPath();
    for (let x = 0; x < width; x++) {
      const y = height - 2 - bests[x] * (height - 6);
      if (bests[x] && x && bests[x - 1]) context.lineTo(x + 0.5, y);
      else if (bests[x]) context.moveTo(x + 0.5, y);
    }
    context.stroke();
  }

  function makeLane(detector) {
    detector.canvas = make("canvas");
    detector.playhead = make("div", { className: "playhead" });
    detector.strip = make("div", { className: "strip", tabIndex: 0 }, detector.canvas, detector.playhead);
    const attributes = { role: "slider", "aria-label": `Time line of ${detector.name}`, "aria-valuemin": 0 };
    for (const [name, value] of Object.entries(attributes)) detector.strip.setAttribute(name, value);
    detector.strip.setAttribute("aria-valuemax", duration.toFixed(2));
    const name = make("span", { className: "name" }, swatch(detector.colour), detector.name);
    detector.scale = make("small");
    const lane = make("div", { className: "lane" });
    lane.append(make("div", { className: "lane-name" }, name, detector.scale), detector.strip);
    element("tracks").append(lane);
    detector.strip.addEventListener("pointerdown", (event) => {
      detector.strip.setPointerCapture(event.pointerId);
      seek(timeAt(detector.strip, event));
    });
    detector.strip.addEventListener("pointermove", (event) => {
      const seconds = timeAt(detector.strip, event);
      if (event.buttons & 1) seek(seconds);
      showTip(detector, seconds, event);
    });
    detector.strip.addEventListener("pointerleave", () => (element("tip").hidden = true));
    detector.strip.addEventListener("keydown", stripKey);
  }

  function timeAt(strip, event) {
    const { left, width } = strip.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * duration;
  }

  function showTip(detector, seconds, event) {
    const tip = element("tip");
    const { count, best } = tally(detector, frameAt(seconds));
    tip.textContent = `${clock(seconds)}: ${count}${count ? `, best ${best.toFixed(2)}` : ""}`;
    tip.style.left = `${event.clientX}px`;
    tip.style.top = `${event.clientY}px`;
    tip.hidden = false;
  }

  function stripKey(event) {
    const frame = frameAt(time);
    const target = {
      ArrowRight: () => times[Math.min(times.length - 1, frame + 1)],
      ArrowUp: () => times[Math.min(times.length - 1, frame + 1)],
      ArrowLeft: () => times[Math.max(0, frame - 1)],
      ArrowDown: () => times[Math.max(0, frame - 1)],
      PageUp: () => time + duration / 20,
      PageDown: () => time - duration / 20,
      Home: () => 0,
      End: () => duration,
    }[event.key];
    if (!target) return;
    event.preventDefault();
    seek(target() ?? 0);
  }

  function makeAxis() {
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    const step = steps.find((candidate) => duration / candidate <= 8) ?? duration / 8;
    for (let at = 0; at < duration * 0.97; at += step) {
      const tick = make("span", { textContent: clock(at, step < 1 ? 1 : 0) });
      tick.style.left = `${(100 * at) / duration}%`;
      element("axis").append(tick);
    }
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

  /** Different people, as tracking.py counts them: those who were seen more than once. */
  function countDistinct(detector) {
    const sightings = new Map();
    (detector.tracks ?? []).forEach((track, i) => {
      if (detector.scores[i] >= least) sightings.set(track, (sightings.get(track) ?? 0) + 1);
    });
    return [...sightings.values()].filter((count) => count > 1).length;
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

  function shapeStage() {
    const { width, height } = data.video;
    const stage = element("stage");
    stage.style.aspectRatio = `${width || 16} / ${height || 9}`;
    stage.style.maxWidth = `calc(62vh * ${(width || 16) / (height || 9)})`;
  }

  function setUpVideo() {
    video.addEventListener("loadedmetadata", () => {
      hasVideo = true;
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
      if (file) video.src = URL.createObjectURL(file);
    });
    follow();
    video.src = data.source;
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
    const { width, height, fps, frame_count: frames, complete } = data.video;
    const share = data.humanDetection.frame_ratio;
    element("facts").textContent = [
      `${width} × ${height}`,
      `${fps.toFixed(2)} frames/s`,
      `${clock(duration)} (${frames.toLocaleString("en")} frames, ${times.length.toLocaleString("en")} analysed)`,
      ...(share === undefined ? [] : [`frame ratio ${share}`]),
      `${data.engine.name} ${data.engine.version} on ${data.engine.device}`,
    ].join(" · ");
    element("incomplete").hidden = complete;
    const lowest = Math.min(...detectors.map(({ scores }) => scores.reduce((a, b) => Math.min(a, b), data.scoreScale)));
    element("threshold").value = Number.isFinite(lowest) ? Math.floor((100 * lowest) / data.scoreScale) / 100 : 0;
  }

  setUpTheme();
  showFacts();
  shapeStage();
  makeCounts();
  detectors.forEach(makeLane);
  makeAxis();
  makeMoments();
  setUpControls();
  refresh();
  setUpVideo();
})();
