// What makes the methods of a class know whose they are, as those of k6's objects do: `const { find } = selection`. Evaluates
// to () => bindMethods, to be called with the class once its prototype is complete; C++ has the same in bound_methods.h.
(function () {
  'use strict';

  // A method that is read off an instance is bound to it; off the prototype it is as it was written. Both may be overwritten,
  // and overridden by classes that extend this one.
  return (type) => {
    const { prototype } = type;
    for (const [name, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof method !== 'function' || name === 'constructor') continue;
      Object.defineProperty(prototype, name, {
        configurable: true,
        get() { return this instanceof type ? method.bind(this) : method; },
        set(value) {
          Object.defineProperty(this, name, { value, configurable: true, enumerable: this !== prototype, writable: true });
        },
      });
    }
  };
})
