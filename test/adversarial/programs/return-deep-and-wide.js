// {"expect": ["returned", "threw"], "limits": {"wallMs": 8000}}
exports = () => { const make = (depth) => depth === 0 ? "leaf" : Array.from({ length: depth > 4 ? 1 : 12 }, () => make(depth - 1)); let value = make(5); for (let k = 0; k < 190; k++) value = { value }; return value }
