// A process that holds a heap of so many bytes and makes a little garbage: how late its event loop is, is not Quorate's fault. It ends
// with its parent.

const heapBytes = Number(process.argv[2]);
const held = [];
while (process.memoryUsage().heapUsed < heapBytes) {
  for (let at = 0; at < 1000; at += 1) held.push({ key: `key/${held.length}`, at, of: [at] });
}
setInterval(() => {
  for (let at = 0; at < 1000; at += 1) held[at % held.length] = { key: `key/${at}`, at, of: [at] };
}, 10);
process.once('disconnect', () => process.exit());
