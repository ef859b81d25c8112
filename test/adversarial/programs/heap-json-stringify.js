// {"expect": ["terminated:memory", "threw", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { let a = ['xxxxxxxxxxxxxxxx']; for (let k = 0; k < 30; k++) a = [a, a]; return JSON.stringify(a).length; }
