/** Finds a GPU through WebGPU (Vulkan, Metal or Direct3D 12) and opens it for TensorFlow.js. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

/** What runs the shaders. */
export interface Adapter {
  /** As the driver calls it, such as `NVIDIA H200` or `SwiftShader driver 5.0.0`. */
  readonly name: string;
  /** A driver that computes on the CPU: right, but slower than the other CPU backends. */
  readonly software: boolean;
}

export interface OpenDevice {
  readonly adapter: Adapter;
  readonly backend: WebGPUBackend;
  /** Frees the device; until then its threads keep the process alive. */
  close(): void;
}

/** The parts of `GPU` and its adapter used here: the types of the two packages differ in version. */
type Device = ConstructorParameters<typeof WebGPUBackend>[0];
type AdapterInfo = ConstructorParameters<typeof WebGPUBackend>[1];

interface Instance {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<RawAdapter | null>;
}

interface RawAdapter {
  readonly info: AdapterInfo & { readonly isFallbackAdapter?: boolean };
  readonly features: { has(name: string): boolean };
  readonly limits: unknown;
  requestDevice(options: object): Promise<Device>;
}

/** The limits that TensorFlow.js's own set-up raises from WebGPU's cautious defaults. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Fails where the package has no library for this system. */
export function loadWebgpu(): Promise<typeof import('webgpu')> {
  return import('webgpu');
}

/** Opens the fastest GPU, or gives null where no driver offers one. */
export async function openDevice(): Promise<OpenDevice | null> {
  const { create, globals } = await loadWebgpu();
  Object.assign(globalThis, globals);
  let instance: Instance | null = create([]) as unknown as Instance;
  const found = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (found === null) return null;

  const device = await found.requestDevice({
    requiredFeatures: found.features.has('timestamp-query') ? ['timestamp-query'] : [],
    requiredLimits: raisedLimits(found.limits as Readonly<Record<string, number>>),
  });
  failLoudly(device);
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  const backend = withNavigator(instance, () => new WebGPUBackend(device, found.info));
  return {
    adapter: {
      name: found.info.description || `${found.info.vendor} ${found.info.architecture}`,
      software: found.info.isFallbackAdapter ?? false,
    },
    backend,
    close() {
      backend.dispose();
      device.destroy();
      instance = null;
    },
  };
}

/**
 * WebGPU reports errors beside the computation, which goes on with zeros: out of memory, a buffer
 * over the device's limit, a lost device. Each ends the process instead.
 */
function failLoudly(device: Device): void {
  const fail = (what: string) => {
    setImmediate(() => {
      throw new Error(
        `the GPU reports: ${what}. If it ran out of memory, make train.batch or model.width smaller.`,
      );
    });
  };
  device.addEventListener('uncapturederror', (event) => fail(event.error.message));
  device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') fail(`device lost, ${message}`);
  });
}

function raisedLimits(offered: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(RAISED_LIMITS.map((name) => [name, offered[name] ?? 0]));
}

/** The backend's constructor looks for `navigator.gpu`; nothing after it does. */
function withNavigator<T>(gpu: Instance, make: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return make();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', before);
  }
}
