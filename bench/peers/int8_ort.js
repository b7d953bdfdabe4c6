// Runs an ONNX graph of one 1 x C x H x W input by ONNX Runtime's CPU provider, for int8_peer.py.
//   node int8_ort.js GRAPH.onnx INPUT.f32 OUTPUT.f32 C H W THREADS SECONDS
// INPUT holds one image after the other; writes their outputs and prints the least and the median milliseconds of a run of the first. ORT_NODE_MODULES: the folder that holds
// onnxruntime-node, when it is not found as usual.
const fs = require('fs'), path = require('path');
const root = process.env.ORT_NODE_MODULES;
const ort = require(root ? path.join(path.resolve(root), 'onnxruntime-node') : 'onnxruntime-node');
const [graph, input, output, c, h, w, threads, seconds] = process.argv.slice(2);

async function main() {
  const session = await ort.InferenceSession.create(graph, {
    graphOptimizationLevel: 'all', executionMode: 'sequential', intraOpNumThreads: Number(threads), interOpNumThreads: 1,
  });
  const bytes = fs.readFileSync(input);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const shape = [1, Number(c), Number(h), Number(w)], size = shape[1] * shape[2] * shape[3], outputs = [];
  const feed = i => ({ [session.inputNames[0]]: new ort.Tensor('float32', values.slice(i * size, (i + 1) * size), shape) });
  for (let i = 0; i * size < values.length; i++) {
    const y = (await session.run(feed(i)))[session.outputNames[0]].data;
    outputs.push(Buffer.from(y.buffer, y.byteOffset, y.byteLength));
  }
  fs.writeFileSync(output, Buffer.concat(outputs));
  const feeds = feed(0), now = () => Number(process.hrtime.bigint()) / 1e6;
  const times = [], end = now() + Number(seconds) * 1e3;
  while (now() < end || times.length < 3) {
    const start = now();
    await session.run(feeds);
    times.push(now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(times[0].toFixed(2), times[times.length >> 1].toFixed(2));
}
main().catch(e => { console.error(String(e)); process.exit(1); });
