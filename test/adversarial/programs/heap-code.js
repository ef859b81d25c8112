// {"expect": ["terminated:memory", "threw"], "limits": {"wallMs": 15000, "cpuMs": 15000, "memoryMb": 64}}
exports = () => { const all = []; for (let k = 0; ; k++) all.push(new Function('return ' + k + '/*' + 'x'.repeat(1e4) + '*/')); }
