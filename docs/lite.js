// Says in the page when Python cannot be loaded, in place of waiting for good.
(() => {
  const { python } = document.currentScript.dataset;
  const WAIT = 20000;

  const tell = () => {
    const box = document.createElement("div");
    box.setAttribute("role", "alert");
    box.style.cssText =
      "position:fixed;z-index:10000;left:0;right:0;bottom:0;padding:12px 20px;font:16px/1.4 sans-serif;background:#7a1f00;color:#fff";
    const words = document.createElement("span");
    words.textContent =
      "Python could not be loaded from " + new URL(python).host + ", so no cell can run here. What to do: look whether this network lets you reach it, and load the page again. The lessons can be read, and their films play, without it. ";
    const away = document.createElement("button");
    away.textContent = "Close";
    away.onclick = () => box.remove();
    box.append(words, away);
    document.body.append(box);
  };

  fetch(python, { method: "HEAD", signal: AbortSignal.timeout(WAIT) }).then((answer) => answer.ok || tell(), tell);
})();
