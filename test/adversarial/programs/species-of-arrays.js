// {"expect": ["returned"], "result": "[true,true]"}
class Evil extends Array { static get [Symbol.species]() { return function () { return { set length(n) {} } } } map() { for (;;); } push() { for (;;); } join() { for (;;); } toJSON() { for (;;); } }
Object.defineProperty(Array, Symbol.species, { get: () => Evil, configurable: true })
Array.prototype.map = Array.prototype.push = Array.prototype.join = Evil.prototype.map
exports = () => { console.log([1, { a: [2] }]); return [Array[Symbol.species] === Evil, Evil.from([]) instanceof Evil] }
