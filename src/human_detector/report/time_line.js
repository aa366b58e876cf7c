// The time lines: one strip per detector, drawn per column of pixels however long the video is.


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
