/**
 * Passes HTTP requests on to a port, each a while later: `node slow-proxy.mjs PORT MILLISECONDS FILE`.
 * Writes its own port to FILE.port, and one byte to FILE for each request.
 */
import { openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import http from 'node:http';

const [to, delay, file] = process.argv.slice(2);
const counted = openSync(file, 'a');
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });

const server = http.createServer((request, response) => {
  writeSync(counted, '.');
  setTimeout(() => {
    const { method, url, headers } = request;
    const on = http.request({
      host: '127.0.0.1',
      port: Number(to),
      method,
      path: url,
      headers,
      agent,
    });
    on.once('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    on.once('error', () => response.destroy());
    request.pipe(on);
  }, Number(delay));
});
server.listen(0, '127.0.0.1', () => {
  writeFileSync(`${file}.tmp`, String(server.address().port));
  renameSync(`${file}.tmp`, `${file}.port`);
});
