// {"expect": ["threw", "terminated:memory", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 4000, "memoryMb": 64}}
exports = () => { const kept = []; for (let n = 0; ; n++) { let text = "x" + n; for (let k = 0; k < 22; k++) text = text + text + k; kept.push(text, text.charCodeAt(5e6)) } }
