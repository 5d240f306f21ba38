// Faults of a page's looks: words of charts that touch each other, leave their chart or are too pale; words
// of the page that are cut off; and a page wider than its window. Each is a sentence.
() => {
  const faults = [];
  const brush = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});

  const background = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/rgba\(.*, 0\)|transparent/.test(colour)) return colour;
    }
    return "white";
  };
  const luminance = (...layers) => {
    for (const [colour, opacity] of layers) {
      brush.globalAlpha = opacity;
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
    }
    const parts = [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const opacity = element => element
    ? getComputedStyle(element).opacity * opacity(element.parentElement) : 1;
  const contrast = text => {
    const behind = background(text), {fill, fillOpacity} = getComputedStyle(text);
    const two = [luminance([behind, 1]), luminance([behind, 1], [fill, opacity(text) * fillOpacity])];
    return (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
  };

  for (const chart of document.querySelectorAll("svg.marks")) {
    const edge = chart.getBoundingClientRect();
    const words = [...chart.querySelectorAll("text")]
      .map(text => ({text, said: text.textContent, box: text.getBoundingClientRect()}))
      .filter(({text, said, box}) => said.trim() && box.width && opacity(text)); // an axis hides some
    words.forEach(({text, said, box}, place) => {
      if (box.left < edge.left - 2 || box.right > edge.right + 2 || box.top < edge.top - 2
          || box.bottom > edge.bottom + 3) faults.push(`“${said}” leaves its chart`);
      const clear = contrast(text);
      if (clear < 4.5) faults.push(`“${said}” has a contrast of ${clear.toFixed(2)}`);
      for (const other of words.slice(place + 1)) {
        const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (wide > 1.5 && high > 3) faults.push(`“${said}” touches “${other.said}”`);
      }
    });
  }
  for (const part of document.querySelectorAll("[data-testid=stMain] *")) {
    if (getComputedStyle(part).textOverflow === "ellipsis" && part.clientWidth
        && part.scrollWidth > part.clientWidth + 1 && part.textContent.trim())
      faults.push(`“${part.textContent}” is cut off`);
  }
  for (const part of [document.documentElement, document.querySelector("[data-testid=stMain]")]) {
    if (part && part.scrollWidth > part.clientWidth)
      faults.push(`the page is ${part.scrollWidth} pixels wide in a window of ${part.clientWidth}`);
  }
  return [...new Set(faults)];
}
