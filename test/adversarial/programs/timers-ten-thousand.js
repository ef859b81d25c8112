// {"expect": ["returned", "threw"], "limits": {"wallMs": 5000}}
exports = async () => { for (let k = 0; k < 20000; k++) setTimeout(() => {}, 60000); return 1; }
