const data = JSON.parse(document.getElementById("data").textContent);
const decisions = new Map(data.moments.filter((each) => each.decision).map((each) => [each.moment, each.decision]));
const choices = {
  blur: "Blur here too",
  fine: "This is fine",
};

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

function when(moment) {
  const frames = moment.first_frame === moment.last_frame
    ? `frame ${moment.first_frame}` : `frames ${moment.first_frame} to ${moment.last_frame}`;
  return `${clock(moment.from)} to ${clock(moment.to)}, ${frames}`;
}

function card(moment) {
  const buttons = Object.entries(choices)
    .filter(([choice]) => choice === "fine" || !moment.covered)
    .map(([choice, words]) => {
      const button = element("button", { type: "button", textContent: words });
      button.addEventListener("click", () => { decisions.set(moment.moment, choice); show(); });
      button.dataset.choice = choice;
      return button;
    });
  const score = moment.score ? ` (score ${moment.score.toFixed(2)})` : "";
  const made = element("article", {},
    element("img", { src: moment.picture, alt: `${moment.of} at ${clock(moment.from)}` }),
    element("p", {}, element("b", { textContent: `${moment.of}: ${moment.kind}${score}` })),
    element("p", { textContent: moment.words }),
    element("p", { className: "quiet", textContent: when(moment) }),
    element("div", { className: "choice" }, ...buttons));
  made.dataset.moment = moment.moment;
  return made;
}

function show() {
  for (const made of document.querySelectorAll("article")) {
    const chosen = decisions.get(made.dataset.moment);
    made.classList.toggle("decided", Boolean(chosen));
    for (const button of made.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.choice === chosen));
    }
  }
  document.getElementById("save").disabled = !decisions.size;
  document.getElementById("count").textContent = data.moments.length
    ? `${decisions.size} of ${data.moments.length} decided` : "There is none.";
}

function saved() {
  return JSON.stringify({ video: data.title, etag: data.video.etag || "", decisions: Object.fromEntries(decisions) }, null, 1);
}

/** A name that a shell takes as it is, whatever it holds. */
function quoted(name) {
  return /^[\w.@%+=:,/-]+$/.test(name) ? name : `'${name.replaceAll("'", `'"'"'`)}'`;
}

document.getElementById("save").addEventListener("click", () => {
  const name = `${data.title.replace(/\.[^.]*$/, "")}.decisions.json`;
  const address = URL.createObjectURL(new Blob([saved()], { type: "application/json" }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
  const next = document.getElementById("next");
  next.querySelector("code").textContent = `--decisions ${quoted(name)}`;
  next.hidden = false;
});
document.getElementById("sentence").textContent = data.sentence;
document.getElementById("moments").append(...data.moments.map(card));
show();
