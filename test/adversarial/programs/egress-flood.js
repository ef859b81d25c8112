// {"expect": ["returned", "threw", "terminated:wall-time"], "needsServer": true, "limits": {"wallMs": 6000}}
exports = async () => { let n = 0; for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 900 }, () => context.http.get({ url: "http://127.0.0.1/" }).catch(() => n++))); return n }
