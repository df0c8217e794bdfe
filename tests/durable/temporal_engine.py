"""Carries a Temporal workflow out in the sandbox of its worker, with the activities beside it, and no server.

The workflow's code runs as in production: the worker's own sandbox and its own event loop (no threads, a time of its
own), activation by activation. What a server adds is keeping the history; here it is a list, which can be replayed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import temporalio.common
import temporalio.converter
import temporalio.workflow
from pydantic_ai.durable_exec import temporal as pydantic_ai_temporal
from pydantic_ai.durable_exec.temporal import TemporalDurability
from temporalio.activity import _Definition as ActivityDefinition
from temporalio.api.common.v1 import Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import (
    FireTimer,
    InitializeWorkflow,
    ResolveActivity,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.testing import ActivityEnvironment
from temporalio.worker._workflow_instance import WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

LONGEST = 2.0
"""Seconds after which a worker gives an activation up as a deadlock."""


class WorkflowFailed(Exception):
    """The workflow, or a task of it, has failed."""


@dataclass
class Engine:
    """Carries one workflow out.

    Attributes:
        workflow: the class of it.
        activities: what it may call.
        runner: the sandbox.
        converter: between values and what is sent.
        commands: the kinds of all commands that it has given, in order.
        slowest: seconds of the longest activation.
        results: what its activities have given, to be replayed from.
    """

    workflow: type
    activities: Sequence[Callable[..., Any]]
    runner: SandboxedWorkflowRunner
    converter: Any
    commands: list[str] = field(default_factory=list)
    slowest: float = 0.0
    results: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = [ActivityDefinition.must_from_callable(one) for one in self.activities]
        self._activities = {one.name: one for one in found}

    @classmethod
    def of(cls, workflow: type, agent: Any, *passed_through: str) -> Engine:
        """One as `PydanticAIPlugin` sets a worker up, with more modules passed through."""
        runner = pydantic_ai_temporal._workflow_runner(SandboxedWorkflowRunner())
        assert isinstance(runner, SandboxedWorkflowRunner)
        restrictions = runner.restrictions.with_passthrough_modules(*passed_through)
        durability = TemporalDurability.from_agent(agent)
        assert durability is not None
        converter = pydantic_ai_temporal._data_converter(None)
        return cls(workflow, durability.temporal_activities, replace(runner, restrictions=restrictions), converter)

    async def run(self, *arguments: Any, replaying: Sequence[Any] = ()) -> Any:
        """The result of the workflow; what is replayed are the activities' results of an earlier run, in order."""
        defn = temporalio.workflow._Definition.must_from_class(self.workflow)
        payloads = self.converter.payload_converter
        began = datetime(2026, 1, 1, tzinfo=UTC)
        instance = self.runner.create_instance(self._details(defn, began))
        first = InitializeWorkflow(
            workflow_type=defn.name or '',
            workflow_id='flow',
            randomness_seed=7,
            arguments=payloads.to_payloads(arguments),
        )
        jobs = [WorkflowActivationJob(initialize_workflow=first)]
        replay, now = list(replaying), began
        while True:
            now += timedelta(seconds=1)
            activation = WorkflowActivation(run_id='run', is_replaying=bool(replay), jobs=jobs)
            activation.timestamp.FromDatetime(now)
            started = time.perf_counter()
            # A worker activates in a thread of its own; the instance keeps an event loop that only runs meanwhile.
            completion = await asyncio.to_thread(instance.activate, activation)
            self.slowest = max(self.slowest, time.perf_counter() - started)
            if completion.HasField('failed'):
                raise WorkflowFailed(completion.failed.failure.message or str(completion.failed.failure))
            jobs = []
            for command in completion.successful.commands:
                kind = command.WhichOneof('variant')
                if kind != 'set_patch_marker':  # of the framework's own; a replay finds it in its history
                    self.commands.append(kind)
                if kind == 'complete_workflow_execution':
                    return payloads.from_payloads([command.complete_workflow_execution.result], [defn.ret_type])[0]
                if kind == 'fail_workflow_execution':
                    raise WorkflowFailed(_told(command.fail_workflow_execution.failure))
                if kind == 'start_timer':
                    jobs.append(WorkflowActivationJob(fire_timer=FireTimer(seq=command.start_timer.seq)))
                if kind == 'schedule_activity':
                    scheduled = command.schedule_activity
                    result = replay.pop(0) if replay else await self._call(scheduled)
                    self.results.append(result)
                    jobs.append(
                        WorkflowActivationJob(resolve_activity=ResolveActivity(seq=scheduled.seq, result=result))
                    )
            if not jobs:
                raise WorkflowFailed(f'nothing goes on after {self.commands}')

    async def _call(self, scheduled: Any) -> Any:
        from temporalio.bridge.proto.activity_result import ActivityResolution

        definition = self._activities[scheduled.activity_type]
        payloads = self.converter.payload_converter
        arguments = payloads.from_payloads(list(scheduled.arguments), definition.arg_types)
        resolution = ActivityResolution()
        try:
            value = await ActivityEnvironment().run(definition.fn, *arguments)
        except Exception as error:
            self.converter.failure_converter.to_failure(error, payloads, resolution.failed.failure)
        else:
            resolution.completed.result.CopyFrom(payloads.to_payloads([value])[0])
        return resolution

    def _details(self, defn: Any, began: datetime) -> WorkflowInstanceDetails:
        info = temporalio.workflow.Info(
            attempt=1, continued_run_id=None, cron_schedule=None, execution_timeout=None, first_execution_run_id='run',
            headers={}, namespace='default', original_execution_run_id='run', parent=None, root=None, raw_memo={},
            retry_policy=None, run_id='run', run_timeout=None, search_attributes={}, start_time=began,
            workflow_start_time=began, task_queue='queue', task_timeout=timedelta(seconds=10),
            typed_search_attributes=temporalio.common.TypedSearchAttributes.empty, workflow_id='flow',
            workflow_type=defn.name, priority=temporalio.common.Priority.default,
        )  # fmt: skip
        return WorkflowInstanceDetails(
            payload_converter_factory=self.converter._new_payload_converter,
            failure_converter_class=self.converter.failure_converter_class,
            interceptor_classes=[],
            defn=defn,
            info=info,
            randomness_seed=7,
            extern_functions={},
            disable_eager_activity_execution=False,
            worker_level_failure_exception_types=[Exception],
            patch_activation_callback=None,
            last_completion_result=Payloads(),
            last_failure=Failure(),
        )


def _told(failure: Any) -> str:
    said = [failure.message]
    while failure.HasField('cause'):
        failure = failure.cause
        said.append(failure.message)
    return ' <- '.join(said) + '\n' + failure.stack_trace
