// How "Your own data" computes: a little at a time, so that the page stays alive.
globalThis.ownCompute = (() => {
  const { part } = ownWords;
  const DRAWS = 1000; // for the places in the ranking
  let turn = 0; // a newer computation ends an older one

  const begin = () => {
    turn += 1;
    return turn;
  };
  const newest = (mine) => mine === turn;
  // A moment for all else that waits. A timer would wait four milliseconds each time.
  const rest = () => new Promise((go) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); go(); };
    port2.postMessage(null);
  });
  // One step of work at a time; null if something newer began. The bar moves now and then: to draw
  // the page anew after each step would take longer than the work.
  const finish = async (work, mine) => {
    let last = performance.now(), drawn = last;
    for (;;) {
      const { value, done } = work.next();
      if (done) return value;
      if (performance.now() - last > 5) {
        if (performance.now() - drawn > 100) {
          part("progress").value = value;
          drawn = performance.now();
        }
        await rest();
        if (!newest(mine)) return null;
        last = performance.now();
      }
    }
  };

  // Uniform numbers from a seed: the same table has the same places each time.
  const uniform = (seed) => () => {
    seed = (seed + 0x9e3779b9) | 0; // Weyl's sequence, mixed
    let mixed = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
    return (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) / 4294967296;
  };

  // Where each group may stand in a ranking, and what it keeps of its own value on average.
  function* places({ draw }, size) {
    const random = uniform(1);
    const ranks = size.map(() => new Int32Array(DRAWS));
    const kept = new Float64Array(size.length);
    for (let k = 0; k < DRAWS; k += 1) {
      const { groups, half } = draw(random);
      const order = Array.from(groups.keys()).sort((a, b) => groups[b] - groups[a] || a - b);
      order.forEach((group, place) => { ranks[group][k] = place + 1; });
      size.forEach((n, i) => { kept[i] += n / (n + half) / DRAWS; });
      yield k / DRAWS;
    }
    const end = (share) => Math.round(share * (DRAWS - 1));
    return ranks.map((mine, i) => {
      mine.sort();
      return { low: mine[end(0.03)], high: mine[end(0.97)], kept: kept[i] };
    });
  }

  return { begin, newest, rest, finish, places };
})();
