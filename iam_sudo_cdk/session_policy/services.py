"""Whether IAM knows a service, so that a Deny of a mistyped one is told: it would deny nothing.

The SDK says it, which has what AWS adds: a service is what its requests are signed for. One table
has what the SDK does not know, or by another name. What neither knows is doubted, and not refused:
it may be newer than both.
"""

from __future__ import annotations

from difflib import get_close_matches

from botocore.loaders import Loader

# Service Authorization Reference, "Actions, resources, and condition keys for AWS services": those
# whose prefix is no name of the SDK's. tests/fidelity/test_limits.py compares it with the
# evaluator's catalogue.
BEYOND_THE_SDK = frozenset(
    """
    a2c a4b access-analyzer aco-automation action-recommendations activate agentaccess-mcp
    aidevops airflow airflow-serverless aoss app-integrations application-signals-mcp
    application-transformation applicationinsights appmesh-preview appstudio apptest aps arsenal
    aws-external-anthropic aws-marketplace aws-marketplace-management aws-portal awsconnector
    backup-search backup-storage bedrock-mantle bedrock-websearch bugbust cases cassandra
    cleanrooms-ml cloudshell cloudwatch codedeploy-commands-secure codeguru codeguru-profiler
    codestar codewhisperer connect-campaigns consoleapp consolidatedbilling
    customer-verification dbqms ec2messages ecs-mcp eks-mcp elasticfilesystem
    elasticloadbalancing elasticmapreduce elastictranscoder elemental-activations
    elemental-appliances-software elemental-inference elemental-support-cases
    elemental-support-content eventsbilltoaws evidently execute-api finops-agent finspace
    finspace-api freertos geo groundtruthlabeling health-agent honeycode identity-sync
    identitystore-auth inspector2-telemetry iot-device-tester iotanalytics iotevents iotfleethub
    iotjobsdata iotmanagedintegrations iq iq-permission kafka-cluster launchwizard lex
    lookoutmetrics lookoutvision mapcredits mechanicalturk mediaimport migrationhub-orchestrator
    migrationhub-strategy mobileanalytics mobiletargeting monitron neptune-db
    network-security-director networkmanager-chat nimble notifications-contacts one opensearch
    opsworks opsworks-cm panorama partnercentral partnercentral-account-management payments
    pricingplanmanager private-networks profile purchase-orders q qdeveloper qldb rds-db
    refactor-spaces researchstudio resource-explorer rhelkb robomaker s3-object-lambda
    s3-outposts s3express sagemaker-data-science-assistant sagemaker-mlflow
    sagemaker-unified-studio-mcp scn serviceextract servicequotas simspaceweaver sms
    social-messaging sqlworkbench ssmmessages sso sso-directory sso-oauth states support-console
    supportapp supportplans tag tax thinclient timestream tiros tnb transform transform-custom
    ts user-subscriptions vendor-insights verified-access voiceid vpc-lattice-svcs vpce wam
    worklink
    """.split()  # noqa: SIM905 - a hundred and a half of quotes tell nobody anything
)

# Names of the SDK under which it signs, and IAM has another one.
SIGNED_OTHERWISE = {
    "iot-jobs-data": "iotjobsdata",
    "partnercentral-account": "partnercentral-account-management",
    "partnercentral-benefits": "partnercentral",
    "partnercentral-channel": "partnercentral",
    "partnercentral-selling": "partnercentral",
}


def doubt(service: str) -> str | None:
    """None of a prefix that IAM knows, else what may be meant, as a question or as nothing."""
    if service in BEYOND_THE_SDK:
        return None
    names = Loader().list_available_services("service-2")

    def prefix(name: str) -> str:
        if name not in names:
            return name
        metadata = Loader().load_service_model(name, "service-2")["metadata"]
        return SIGNED_OTHERWISE.get(name) or metadata.get("signingName", metadata["endpointPrefix"])

    if service in names and prefix(service) == service:
        return None
    near = get_close_matches(service, {*names, *BEYOND_THE_SDK}, n=1)
    return "".join(f" (is it {prefix(name)}?)" for name in near)
