// {"expect": ["returned"], "limits": {"wallMs": 10000, "cpuMs": 10000}, "logs": 25}
exports = () => { for (let k = 0; k < 200000; k++) console.log('x'.repeat(2000)); return 1; }
