#!/usr/bin/env node
'use strict';
require('../dist/pipe.cjs');
