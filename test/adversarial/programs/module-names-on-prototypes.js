// {"expect": ["returned"], "result": "[]"}
exports = () => { const out = []; for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString', '../protocol', 'child_process', 'worker_threads', 'vm', 'cluster', 'inspector', 'isolated-vm', 'v8']) try { require(name); out.push(name); } catch {} return out; }
