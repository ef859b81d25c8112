// {"expect": ["terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 600, "cpuMs": 600}, "logs": 25}
exports = () => { for (let k = 0; ; k++) console.log('line ' + k); }
