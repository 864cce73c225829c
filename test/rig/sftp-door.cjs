/** Usage: sftp-door.cjs PROGRAM: an SFTP server of this machine at a free port, which it prints. It ends with its input. */
const { spawn } = require('node:child_process');
const { createServer } = require('node:net');

const server = createServer((socket) => {
  const child = spawn(process.argv[2], { stdio: ['pipe', 'pipe', 'ignore'] });
  // A mount that is killed ends in the middle of an answer.
  socket.on('error', () => child.kill());
  child.stdin.on('error', () => socket.destroy());
  socket.pipe(child.stdin);
  child.stdout.pipe(socket);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());
