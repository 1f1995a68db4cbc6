// What the routes of the Command Center share. Types only.

import type { ServiceModules } from '../service/modules.js';
import type { MemberAddress } from './feed.js';
import type { CommandCenterLimits } from './limits.js';
import type { LoginDesk } from './login-desk.js';

export interface Ground {
  readonly service: ServiceModules;
  readonly desk: LoginDesk;
  readonly limits: CommandCenterLimits;
  /** Where the members' Command Centers are, as far as is known. */
  readonly members: () => readonly MemberAddress[];
}
