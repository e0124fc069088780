import { registerHooks } from 'node:module';

/**
 * Loaded before a worker where a test starts many. drizzle-orm's package.json lists 5,000 exports, and Node 24 reads that list anew
 * for each of its 150 modules to learn that they are modules: 1.2 of the 2.0 s of CPU that a worker's start takes. Said here, nobody
 * looks. Nothing else of the worker is changed.
 */
registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context;
    if (specifier.startsWith('.') && parentURL?.includes('/node_modules/drizzle-orm/')) {
      return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
    }
    return next(specifier, context);
  },
});
