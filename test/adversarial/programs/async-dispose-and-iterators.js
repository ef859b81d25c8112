// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 700}}
exports = async () => { const evil = { [Symbol.asyncIterator]() { return { next: () => ({ then(done) { done({ done: false, value: 1 }) } }), return() { for (;;); } } } }; for await (const _ of evil); }
