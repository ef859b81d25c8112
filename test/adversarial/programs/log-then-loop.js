// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}, "logs": 20}
exports = () => { for (let k = 0; k < 40; k++) console.log('line ' + k); for (;;); }
