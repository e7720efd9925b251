// Crawlee (JavaScript, Cheerio): fetches pages, finds addresses, prints JSON as clients.py does.
// node crawlee.mjs PORT PAGES, where `npm install crawlee` was done (NODE_PATH's folder, or here).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
const place = createRequire(`${process.env.CRAWLEE_HOME ?? process.cwd()}/`);
let crawlee;
try {
  crawlee = await import(pathToFileURL(place.resolve('crawlee')).href);
} catch (error) {
  console.error(`${error.message}; npm install crawlee, and CRAWLEE_HOME=that folder`);
  process.exit(3);
}
const { CheerioCrawler, Configuration, log, LogLevel } = crawlee.default ?? crawlee;
log.setLevel(LogLevel.ERROR);
const [port, pages] = process.argv.slice(2).map(Number);
const found = new Set();
let done = 0;
const address = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
const crawler = new CheerioCrawler({
  minConcurrency: 50,
  maxConcurrency: 200,
  maxRequestRetries: 0,
  async requestHandler({ body }) {
    done += 1;
    for (const email of body.toString().match(address) ?? []) found.add(email);
  },
}, new Configuration({ persistStorage: false, availableMemoryRatio: 0.5 }));
const urls = Array.from({ length: pages }, (_, n) => `http://127.0.0.1:${port}/p/${n}`);
const before = process.cpuUsage();
const began = performance.now();
await crawler.run(urls);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({
  pages: done, emails: found.size, seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6,
}));
