// The words for matrices, and for products of tensors by an equation.

// A word of one matrix after the other; `f` takes rows of numbers and gives a matrix, a
// row or a number.
function onMatrices(round, f, ...arrays) {
  const lead = commonShape(...arrays.map((x) => x.shape.slice(0, -2)));
  let tail = [];
  const data = indices(lead).flatMap((index) => {
    const made = f(...arrays.map((x) => matrixAt(x, index)));
    const rows = [made].flat();
    tail = Array.isArray(made) ? [made.length, ...(Array.isArray(made[0]) ? [made[0].length] : [])] : [];
    return rows.flat().map(round);
  });
  return valueOf([...lead, ...tail], data);
}

function matrixAt(x, index) {
  const [m, n] = x.shape.slice(-2);
  return Array.from({ length: m }, (_, i) => Array.from({ length: n }, (_, j) => x.data[placeIn(x.shape, [...index, i, j])]));
}

const identity = (n) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j)));
const diagonalOf = (x) => x.map((row, i) => row[i]);
const columnsOf = (x) => x[0].map((_, j) => x.map((row) => row[j]));
const dot = (a, b) => a.reduce((total, v, i) => total + v * b[i], 0);

// a x = b by elimination, the greatest pivot first; the determinant beside it.
function eliminated(a, b) {
  const rows = a.map((row, i) => [...row, ...b[i]]);
  const n = a.length;
  let det = 1;
  for (let k = 0; k < n; k++) {
    let top = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[top][k])) top = i;
    if (top !== k) [rows[k], rows[top], det] = [rows[top], rows[k], -det];
    det *= rows[k][k];
    for (let i = k + 1; i < n; i++) {
      const by = rows[i][k] / rows[k][k];
      for (let j = k; j < rows[i].length; j++) rows[i][j] -= by * rows[k][j];
    }
  }
  for (let k = n; k--; ) {
    for (let j = n; j < rows[k].length; j++) {
      for (let i = k + 1; i < n; i++) rows[k][j] -= rows[k][i] * rows[i][j];
      rows[k][j] /= rows[k][k];
    }
  }
  return [det, rows.map((row) => row.slice(n))];
}

function choleskyOf(a) {
  const y = a.map((row) => row.map(() => 0));
  a.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      const rest = row[j] - dot(y[i].slice(0, j), y[j]);
      y[i][j] = i === j ? Math.sqrt(rest) : rest / y[j][j];
    }
  });
  return y;
}

// Eigenvalues, the smallest first, and eigenvectors in columns, by Jacobi's rotations.
function eigenOf(x) {
  const a = x.map((row, i) => row.map((v, j) => (j > i ? x[j][i] : v)));
  const n = a.length;
  const vectors = identity(n);
  for (let sweep = 0; sweep < 60; sweep++) {
    let rest = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue;
        rest += Math.abs(a[p][q]);
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const turn = (row, other) => row.forEach((v, k) => ([row[k], other[k]] = [c * v - t * c * other[k], t * c * v + c * other[k]]));
        turn(a[p], a[q]);
        for (const rows of [a, vectors]) for (const row of rows) [row[p], row[q]] = [c * row[p] - t * c * row[q], t * c * row[p] + c * row[q]];
      }
    if (rest < 1e-300) break;
  }
  const order = [...a.keys()].sort((i, j) => a[i][i] - a[j][j]);
  return [order.map((i) => a[i][i]), vectors.map((row) => order.map((i) => row[i]))];
}

// Singular values, the greatest first, and vectors in columns, by turning the columns
// until they are at right angles.
function singularOf(x) {
  if (x.length < x[0].length) {
    const [s, u, v] = singularOf(columnsOf(x));
    return [s, v, u];
  }
  const columns = columnsOf(x);
  const turns = identity(columns.length);
  for (let sweep = 0; sweep < 60; sweep++) {
    let worst = 0;
    for (let p = 0; p < columns.length; p++)
      for (let q = p + 1; q < columns.length; q++) {
        const [a, b, c] = [dot(columns[p], columns[p]), dot(columns[q], columns[q]), dot(columns[p], columns[q])];
        if (c === 0) continue;
        worst = Math.max(worst, Math.abs(c) / Math.sqrt(a * b));
        const zeta = (b - a) / (2 * c);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(zeta, 1));
        const cos = 1 / Math.hypot(t, 1);
        for (const rows of [columns, turns]) {
          const [one, two] = [rows[p], rows[q]];
          rows[p] = one.map((v, i) => cos * (v - t * two[i]));
          rows[q] = one.map((v, i) => cos * (t * v + two[i]));
        }
      }
    if (!(worst > 1e-16)) break;
  }
  const lengths = columns.map((column) => Math.hypot(...column));
  const order = [...lengths.keys()].sort((i, j) => lengths[j] - lengths[i]);
  const left = order.map((i) => columns[i].map((v) => v / lengths[i]));
  return [order.map((i) => lengths[i]), columnsOf(left), columnsOf(order.map((i) => turns[i]))];
}

// The triangle and the columns at right angles, by reflections, with LAPACK's signs.
function triangleOf(x) {
  const r = x.map((row) => row.slice());
  const [m, n] = [r.length, r[0].length];
  const q = identity(m);
  for (let k = 0; k < Math.min(m - 1, n); k++) {
    const column = r.map((row, i) => (i < k ? 0 : row[k]));
    if (column.every((v, i) => i <= k || v === 0)) continue;
    column[k] += (column[k] < 0 ? -1 : 1) * Math.hypot(...column);
    const square = dot(column, column);
    for (const at of [r, q]) {
      columnsOf(at).forEach((other, j) => {
        const by = (2 * dot(column, other)) / square;
        at.forEach((row, i) => (row[j] -= by * column[i]));
      });
    }
  }
  const size = Math.min(m, n);
  return [columnsOf(q.slice(0, size)), r.slice(0, size).map((row, i) => row.map((v, j) => (j < i ? 0 : v)))];
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

// Letters of term k that stand nowhere else; repeated ones, with a new name.
function oddLetters(terms, out, k) {
  const rest = out + terms.filter((_, i) => i !== k).join("");
  const free = [...LETTERS].filter((c) => !rest.includes(c) && !terms[k].includes(c));
  const twice = [];
  const goal = [...terms[k]].map((c, i) => {
    if (terms[k].indexOf(c) === i) return c;
    twice.push(c + free[0]);
    return free.shift();
  });
  return [[...new Set(terms[k])].filter((c) => !rest.includes(c)), twice, goal.join("")];
}

const termsOf = (eq) => {
  const [ins, out] = eq.split("->");
  return [ins.split(","), out];
};

function einsum(round, xs, eq) {
  const [terms, out] = termsOf(eq);
  const leads = xs.map((x, i) => shapeOf(x).slice(0, shapeOf(x).length - terms[i].length));
  const lead = commonShape(...leads);
  const sizes = {};
  terms.forEach((term, i) => [...term].forEach((c, k) => (sizes[c] = Math.max(sizes[c] || 0, shapeOf(xs[i]).at(k - term.length)))));
  const inner = Object.keys(sizes).filter((c) => !out.includes(c));
  const made = [...lead, ...[...out].map((c) => sizes[c])];
  const within = indices(inner.map((c) => sizes[c]));
  const data = indices(made).map((index) => {
    const at = {};
    [...out].forEach((c, i) => (at[c] = index[lead.length + i]));
    let total = 0;
    for (const one of within) {
      inner.forEach((c, i) => (at[c] = one[i]));
      let product = 1;
      const on = xs.every((x, i) => {
        const place = placeIn(shapeOf(x), [...index.slice(0, lead.length), ...[...terms[i]].map((c) => at[c])].slice(-shapeOf(x).length || Infinity));
        const entry = entriesOf(x)[place];
        product *= entry;
        return !(x.unit && entry === 0);
      });
      if (on) total += product;
    }
    return round(total);
  });
  return valueOf(made, data);
}

const onOne = (f) => (round, x) => onMatrices(round, f, x);
const solved = (a, b) => eliminated(a, b)[1];
const gapsOf = (_, x) => {
  const n = x.shape.at(-1);
  const shape = [...x.shape, n];
  return { shape, data: indices(shape).map((index) => {
    const row = x.data.slice(n * placeIn(x.shape.slice(0, -1), index.slice(0, -2)));
    return row[index.at(-1)] - row[index.at(-2)];
  }) };
};

Object.assign(ARRAY_WORDS, {
  einsum,
  turned(_, eq, k) {
    const [terms, out] = termsOf(eq);
    const [lone, twice, goal] = oddLetters(terms, out, k);
    return [out, ...terms.filter((_, i) => i !== k), ...lone, ...twice].join(",") + "->" + goal;
  },
  others(_, xs, k, eq) {
    const [terms, out] = termsOf(eq);
    const [lone, twice] = oddLetters(terms, out, k);
    const size = (c) => shapeOf(xs[k]).at(terms[k].indexOf(c) - terms[k].length);
    const made = lone.map((c) => ({ shape: [size(c)], data: new Array(size(c)).fill(1) }));
    for (const [c] of twice) made.push({ shape: [size(c), size(c)], data: identity(size(c)).flat(), unit: true });
    return [...xs.filter((_, i) => i !== k), ...made];
  },
  cross(round, a, b) {
    const shape = commonShape(a.shape, b.shape);
    const [x, y] = [broadcast(a, shape).data, broadcast(b, shape).data];
    const data = x.map((_, i) => {
      const [j, k] = [1, 2].map((n) => i - (i % 3) + (((i % 3) + n) % 3));
      return round(round(x[j] * y[k]) - round(x[k] * y[j]));
    });
    return { shape, data };
  },
  det: onOne((x) => eliminated(x, x.map(() => []))[0]),
  inv: onOne((x) => solved(x, identity(x.length))),
  solve: (round, a, b) => onMatrices(round, solved, a, b),
  cholesky: onOne(choleskyOf),
  eigenvalues: onOne((x) => eigenOf(x)[0]),
  eigenvectors: onOne((x) => eigenOf(x)[1]),
  singular: onOne((x) => singularOf(x)[0]),
  left: onOne((x) => singularOf(x)[1]),
  right: onOne((x) => singularOf(x)[2]),
  orthogonal: onOne((x) => triangleOf(x)[0]),
  upper: onOne((x) => triangleOf(x)[1]),
  trace: onOne((x) => dot(diagonalOf(x), x.map(() => 1))),
  even: onOne((x) => x.map((row, i) => row.map((v, j) => (v + x[j][i]) / 2))),
  half: onOne((x) => x.map((row, i) => row.map((v, j) => (j > i ? 0 : j < i ? v : v / 2)))),
  unit: onOne((x) => x.map((row, i) => row.map((_, j) => +(i === j)))),
  band: (_, x, lower, upper) =>
    onMatrices(exact, (rows) => rows.map((row, i) => row.map((_, j) => +((lower < 0 || i - j <= lower) && (upper < 0 || j - i <= upper)))), x),
  gaps: gapsOf,
});
