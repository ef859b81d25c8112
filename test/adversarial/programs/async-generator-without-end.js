// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = async () => { const g = (async function* () { for (;;) yield 1; })(); for await (const x of g); }
