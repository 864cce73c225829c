/** Limits of control groups, read from the files as each kind of system shows them. */
import { describe, expect, it } from 'vitest';
import { allowance } from '../../src/process/cgroup.js';

const GB = 2 ** 30;

/** The value in v1 if there is no limit: the largest multiple of a page. */
const V1_NONE = '9223372036854771712\n';

/** @param files text by path; all other files are absent */
function allowed(groups: string, mounts: string, files: Readonly<Record<string, string>> = {}) {
  const all: Record<string, string> = {
    '/proc/self/cgroup': groups,
    '/proc/self/mountinfo': mounts,
    ...files,
  };
  return allowance((file) => all[file]);
}

const UNIFIED = '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';

describe('the limit of a control group', () => {
  it('is infinite on other systems, without a mount, and with max', () => {
    const none = { cores: Infinity, memory: Infinity };
    expect(allowance(() => undefined)).toEqual(none);
    expect(allowed('0::/\n', '')).toEqual(none);
    expect(allowed('0::/\n', UNIFIED)).toEqual(none);
    const files = {
      '/sys/fs/cgroup/memory.max': 'max\n',
      '/sys/fs/cgroup/memory.high': 'max\n',
      '/sys/fs/cgroup/cpu.max': 'max 100000\n',
    };
    expect(allowed('0::/\n', UNIFIED, files)).toEqual(none);
  });

  it('is the limit at the mount in a container with its own view', () => {
    const files = {
      '/sys/fs/cgroup/memory.max': `${8 * GB}\n`,
      '/sys/fs/cgroup/cpu.max': '250000 100000\n',
    };
    expect(allowed('0::/\n', UNIFIED, files)).toEqual({ cores: 2.5, memory: 8 * GB });
  });

  it('is the lowest of all parents, because a job has its limit above the group of its processes', () => {
    const job = '/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7';
    const files = {
      [`${job}/step_0/user/task_0/memory.max`]: 'max\n',
      [`${job}/step_0/memory.max`]: `${6 * GB}\n`,
      [`${job}/memory.max`]: `${4 * GB}\n`,
      [`${job}/cpu.max`]: '400000 100000\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '300000 50000\n',
    };
    const group = '0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0\n';
    expect(allowed(group, UNIFIED, files)).toEqual({ cores: 4, memory: 4 * GB });
  });

  it('includes the limit that throttles and the one that kills', () => {
    const files = {
      '/sys/fs/cgroup/memory.max': `${8 * GB}\n`,
      '/sys/fs/cgroup/memory.high': `${6 * GB}\n`,
    };
    expect(allowed('0::/\n', UNIFIED, files).memory).toBe(6 * GB);
  });

  it('is found by controller in the separate trees of version 1', () => {
    const groups =
      '9:name=systemd:/\n4:memory:/batch/j1\n2:cpuset:/\n1:cpu,cpuacct:/batch/j1\n0::/\n';
    const mounts = `32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
    const cpu = '/sys/fs/cgroup/cpu,cpuacct';
    const files = {
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': V1_NONE,
      '/sys/fs/cgroup/memory/batch/memory.limit_in_bytes': `${3 * GB}\n`,
      '/sys/fs/cgroup/memory/batch/j1/memory.limit_in_bytes': V1_NONE,
      [`${cpu}/batch/j1/cpu.cfs_quota_us`]: '150000\n',
      [`${cpu}/batch/j1/cpu.cfs_period_us`]: '100000\n',
      [`${cpu}/batch/cpu.cfs_quota_us`]: '-1\n',
      [`${cpu}/batch/cpu.cfs_period_us`]: '100000\n',
    };
    expect(allowed(groups, mounts, files)).toEqual({ cores: 1.5, memory: 3 * GB });
  });

  it("is found where a container sees only its own group under the host's name", () => {
    const mounts =
      '35 31 0:32 /docker/5f1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n36 31 0:33 /docker/5f1 /a\\040b ro - cgroup cgroup rw,cpu\n';
    const files = {
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${2 * GB}\n`,
      '/sys/fs/cgroup/memory/in/memory.limit_in_bytes': `${GB}\n`,
      '/a b/cpu.cfs_quota_us': '200000\n',
      '/a b/cpu.cfs_period_us': '100000\n',
    };
    const groups = '4:memory:/docker/5f1/in\n3:cpu:/docker/5f1\n';
    expect(allowed(groups, mounts, files)).toEqual({ cores: 2, memory: GB });
  });

  it('is that of the mount if the group itself is not visible', () => {
    const files = { '/sys/fs/cgroup/memory.max': `${GB}\n` };
    expect(allowed('0::/../other\n', UNIFIED, files).memory).toBe(GB);
    const own = UNIFIED.replace(' / ', ' /docker/5f ');
    expect(allowed('0::/docker/5f1/x\n', own, files).memory).toBe(GB);
  });
});
