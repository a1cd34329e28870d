// An output's script stands in it deflated (RFC 1951), as base64. This starts it.

// All outputs of a page share the first one's, which the browser has made quick by then.
window.tapevizInflate ??= inflate;

function startPacked(packed, size) {
  const script = document.createElement("script");
  script.textContent = window.tapevizInflate(packed, size);
  document.head.append(script);
  script.remove();
}

// The text that was packed, ``size`` bytes of it. It is there at once: what the browser
// has for this answers later, when the page was shown already and would jump.
function inflate(packed, size) {
  const from = atob(packed);
  const to = new Uint8Array(size);
  let at = 0; // bytes taken from ``from``; of these ``left`` bits are waiting in ``hold``
  let hold = 0;
  let left = 0;
  let end = 0; // bytes written

  function peek(count) {
    for (; left < count; left += 8) hold |= from.charCodeAt(at++) << left;
    return hold & ((1 << count) - 1);
  }

  function skip(count) {
    hold >>>= count;
    left -= count;
  }

  function bits(count) {
    const found = peek(count);
    skip(count);
    return found;
  }

  // A Huffman code: for each of the bits to come the symbol they begin with, times 16,
  // and its length. Codes follow each other by length, and run from their last bit.
  function decoder(lengths) {
    const most = Math.max(...lengths);
    const found = new Uint16Array(1 << most);
    let code = 0;
    for (let n = 1; n <= most; n++) {
      for (let symbol = lengths.indexOf(n); symbol >= 0; symbol = lengths.indexOf(n, symbol + 1)) {
        for (let i = code; i < found.length; i += 1 << n) found[i] = symbol * 16 + n;
        let bit = 1 << (n - 1);
        for (; code & bit; bit >>= 1) code ^= bit;
        code ^= bit;
      }
    }
    return () => {
      const entry = found[peek(most)];
      skip(entry % 16);
      return entry >> 4;
    };
  }

  // A length or a distance: its symbol, then bits of which there are more and more.
  function long(symbol, each) {
    const more = Math.max(0, Math.floor(symbol / each) - 1);
    return more ? ((each + (symbol % each)) << more) + bits(more) : symbol;
  }

  const repeated = (count, value) => Array(count).fill(value);

  function fixedCodes() {
    const counts = [[144, 8], [112, 9], [24, 7], [8, 8]];
    return [counts.flatMap((one) => repeated(...one)), repeated(30, 5)];
  }

  function ownCodes() {
    const [literals, distances, own] = [257 + bits(5), 1 + bits(5), 4 + bits(4)];
    const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    const short = repeated(19, 0);
    for (const symbol of order.slice(0, own)) short[symbol] = bits(3);
    const next = decoder(short);
    const lengths = [];
    while (lengths.length < literals + distances) {
      const symbol = next();
      if (symbol < 16) lengths.push(symbol);
      else if (symbol > 16) lengths.push(...repeated(symbol > 17 ? 11 + bits(7) : 3 + bits(3), 0));
      else lengths.push(...repeated(3 + bits(2), lengths.at(-1)));
    }
    return [lengths.slice(0, literals), lengths.slice(literals)];
  }

  function stored() {
    skip(left % 8);
    const count = bits(16);
    bits(16);
    for (const stop = end + count; end < stop; end++) to[end] = bits(8);
  }

  function coded([literals, distances]) {
    const [literal, distance] = [decoder(literals), decoder(distances)];
    while (end < size) {
      const symbol = literal();
      if (symbol === 256) return;
      if (symbol < 256) to[end++] = symbol;
      else {
        const length = symbol > 284 ? 258 : 3 + long(symbol - 257, 4);
        const back = 1 + long(distance(), 2);
        for (const stop = end + length; end < stop; end++) to[end] = to[end - back];
      }
    }
  }

  // ``at`` may run ahead, and goes on where a damaged text ends.
  while (end < size && at < from.length + 4) {
    const kind = bits(3) >> 1;
    if (kind) coded(kind > 1 ? ownCodes() : fixedCodes());
    else stored();
  }
  return new TextDecoder().decode(to);
}
